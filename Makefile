# SPDX-License-Identifier: MIT
# The front door: every word a developer types. CMake and Ninja do the work.
#
#   make            build/logmill and build/keeper, with the page inside
#   make run        a hub with two demo processes; prints its URL
#   make test       unit tests, then the scenarios with real clients
#   make asan       unit tests under AddressSanitizer and UBSan     (build/asan)
#   make tsan       unit tests under ThreadSanitizer                (build/tsan)
#   make clang      everything again with clang                     (build/clang)
#   make debug      everything without optimisation                 (build/debug)
#   make fuzz       each fuzz target for FUZZ_SECONDS (default 30)
#   make bench      the programs behind the figures in the README   (build/bench)
#   make tidy       clang-tidy;  make fmt, make fmt-check  clang-format
#   make packages   the JavaScript packages for `npm install`      (build/packages)
#   make docs       writes docs/settings.md and docs/metrics.md anew
#   make clean

BUILD = build
FUZZ_SECONDS = 30
LISTEN = 127.0.0.1:8514
C_SOURCES = $(shell find src fuzz bench -name '*.[ch]')

.PHONY: all release run test scenarios asan tsan clang debug fuzz bench tidy fmt fmt-check packages \
        docs clean
all release:
	@tools/build

run: all
	@exec $(BUILD)/logmill serve --config examples/demo.yaml --listen $(LISTEN)

test:
	@tools/bootstrap --test --modules
	@tools/build all
	ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -j2
	npm --prefix clients test
	npm --prefix web test
	@tools/run-scenarios

scenarios: all
	@tools/run-scenarios

asan tsan clang debug:
	@tools/bootstrap --test
	cmake --preset $@ >/dev/null
	cmake --build --preset $@
	ctest --preset $@ --no-tests=error -j2

fuzz:
	@tools/bootstrap --dev
	cmake --preset fuzz >/dev/null
	cmake --build --preset fuzz
	@tools/run-fuzz $(BUILD)/fuzz-clang/fuzz $(FUZZ_SECONDS)

bench: all
	cmake --build $(BUILD) --target benches
	@ls $(BUILD)/bench

tidy:
	@tools/bootstrap --dev
	cmake --preset clang >/dev/null
	run-clang-tidy -quiet -p $(BUILD)/clang 'src/.*\.c$$'

fmt:
	@tools/bootstrap --dev
	clang-format -i $(C_SOURCES)

fmt-check:
	@tools/bootstrap --dev
	clang-format --dry-run --Werror $(C_SOURCES)

packages:
	@tools/bootstrap --modules
	npm --prefix clients run build
	@mkdir -p $(BUILD)/packages
	@cd clients && npm pack --silent --workspaces --pack-destination ../$(BUILD)/packages
	@ls $(BUILD)/packages

docs: all
	tools/check-docs --write $(BUILD)/logmill docs

clean:
	rm -rf $(BUILD) web/dist
