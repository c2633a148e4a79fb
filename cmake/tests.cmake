# SPDX-License-Identifier: MIT
# One CTest case per *_test.c beside the code, one per fuzz corpus, one for the layers.
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

set(TEST_TIMEOUT 120)
if(LOGMILL_SANITIZE STREQUAL "thread")
    set(TEST_TIMEOUT 600)
endif()

foreach(test_source ${UNIT_TESTS})
    get_filename_component(name ${test_source} NAME_WE)
    add_executable(${name} ${test_source})
    target_link_libraries(${name} PRIVATE warnings core PkgConfig::CMOCKA)
    target_compile_definitions(${name} PRIVATE GOLDEN_DIR="${CMAKE_SOURCE_DIR}/tests/golden")
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${TEST_TIMEOUT})
endforeach()

# Programs that are killed at random moments; LOGMILL_ROUNDS says how often (10 when unset).
file(GLOB CRASH_TESTS CONFIGURE_DEPENDS tests/crash/*_kill.c)
foreach(test_source ${CRASH_TESTS})
    get_filename_component(name ${test_source} NAME_WE)
    add_executable(${name} ${test_source})
    target_link_libraries(${name} PRIVATE warnings core PkgConfig::CMOCKA)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${TEST_TIMEOUT})
endforeach()

# Journal and store without a hub, for tests that kill it at every system call. What the pool is asked to do can
# be done on the loop instead.
add_executable(store_driver tests/crash/store_driver.c tests/crash/store_ledger.c tests/crash/store_check.c)
target_link_libraries(store_driver PRIVATE warnings core PkgConfig::CMOCKA)
target_link_options(store_driver PRIVATE -Wl,--wrap=uv_queue_work)
set_target_properties(store_driver PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

# The protocol code with nothing behind it, for suites of protocols; never installed.
add_executable(conformance tests/conformance/server.c)
target_link_libraries(conformance PRIVATE warnings core)
set_target_properties(conformance PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

# Tests that drive the real keeper.
foreach(name keeper_test supervise_test supervise_ask_test supervise_order_test)
    add_dependencies(${name} keeper)
    target_compile_definitions(${name} PRIVATE KEEPER_BINARY="$<TARGET_FILE:keeper>")
endforeach()

add_test(NAME layers COMMAND ${CMAKE_SOURCE_DIR}/tools/check-layers ${CMAKE_SOURCE_DIR}/src)
add_test(NAME docs COMMAND ${CMAKE_SOURCE_DIR}/tools/check-docs $<TARGET_FILE:logmill>
    ${CMAKE_SOURCE_DIR}/docs)

# The n-th allocation of the library fails.
target_link_options(ipc_torture_test PRIVATE -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc)
