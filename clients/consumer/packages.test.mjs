// SPDX-License-Identifier: MIT
//
// What somebody gets who installs the packages: their files, their types, and both ways of loading them.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { makeProject } from "./project.mjs";

let folder;
let packages;

before(() => {
    folder = mkdtempSync(join(tmpdir(), "logmill-consumer-"));
    packages = makeProject(folder);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const manifest = (name) => JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8"));

function targets(value) {
    return typeof value === "string" ? [value] : Object.values(value).flatMap(targets);
}

test("each package has what it names, its licence and its README, and nothing of its making", () => {
    for (const { name, files, size } of packages) {
        const paths = files.map(({ path }) => path);
        const { exports, main, types, module } = manifest(name);
        for (const path of [...targets(exports), main, types, module]) assert.ok(paths.includes(path.replace("./", "")), `${name} has no ${path}`);
        for (const path of ["LICENSE", "README.md"]) assert.ok(paths.includes(path), `${name} has no ${path}`);
        const odd = paths.filter((path) => !/^(LICENSE|README\.md|package\.json|dist\/((esm|cjs)\/[\w/]+\.(js|d\.ts)|(esm|cjs)\/package\.json|styles\.css|preload_script\.cjs))$/.test(path));
        assert.deepEqual(odd, [], `${name} packs what is not for others`);
        assert.ok(size < 150_000, `${name} is ${size} bytes packed`);
    }
});

test("installing runs nothing, and licence, Node and repository-free paths are right", () => {
    for (const { name, files } of packages) {
        const { scripts = {}, license, engines, dependencies = {} } = manifest(name);
        assert.deepEqual(Object.keys(scripts).filter((script) => /install|prepare/.test(script)), []);
        assert.deepEqual([license, engines.node], ["MIT", ">=18"]);
        for (const [other, version] of Object.entries(dependencies)) assert.doesNotMatch(version, /^(file|link|workspace|git|https?):/, other);
        for (const { path } of files.filter(({ path }) => path.endsWith(".js"))) {
            const text = readFileSync(join(folder, "node_modules", name, path), "utf8");
            assert.doesNotMatch(text, /\/(home|root|tmp|work)\/\w/, `${name}/${path} names a path of the machine it was built on`);
        }
    }
});

const NAMES = {
    "@logmill/client": ["LogStreamingService", "bridgeService", "findBridge", "LogStreamer", "IpcClient", "AdminStream", "LogSender", "Logger"],
    "@logmill/client/node": ["senderToHub", "localLink", "localFetch", "LOCAL", "LogStreamingService"],
    "@logmill/react": ["LogViewer", "createLogStore", "useLogs", "useProcesses", "ProcessCard"],
    "@logmill/winston": ["LogmillTransport", "WebSocketTransport", "initLogger", "getWebSocketTransport", "setSocketIOInstance"],
    "@logmill/pino": ["default", "destination"],
    "@logmill/electron": ["logEventHub", "ipcLogger", "logToIPC", "IPCManager", "RequestBatcher", "StreamingHandler", "MultiLayerCacheManager", "startBackend", "registerReadyHandlers", "AppConfig"],
    "@logmill/electron/preload": ["expose", "createElectronAPI"],
};

for (const [how, load] of [
    ["import", "const names = await import(name);"],
    ["require", 'const names = (await import("node:module")).createRequire(process.cwd() + "/x.js")(name);'],
])
    test(`every name can be had by ${how}`, () => {
        const code = `for (const [name, wanted] of Object.entries(${JSON.stringify(NAMES)})) {
            ${load}
            for (const each of wanted) if (!(each in names)) throw new Error(name + " has no " + each);
        } process.exit(0);`;
        const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], { cwd: folder, encoding: "utf8" });
        assert.equal(status, 0, stderr);
    });

const WAYS = {
    "an ES module, node16": { as: "mts", module: "Node16", moduleResolution: "Node16", skipLibCheck: false },
    "a CommonJS module, node16": { as: "cts", module: "Node16", moduleResolution: "Node16" },
    "a bundler": { as: "ts", module: "ESNext", moduleResolution: "Bundler" },
};

for (const [way, { as, ...options }] of Object.entries(WAYS))
    test(`the programs of the documents compile as ${way}`, () => {
        const sources = readdirSync(import.meta.dirname ?? new URL(".", import.meta.url).pathname).filter((name) => /^use_.*\.tsx?$/.test(name));
        const files = sources.map((name) => {
            const file = name.endsWith(".tsx") ? name : name.replace(/ts$/, as);
            copyFileSync(new URL(name, import.meta.url), join(folder, file));
            return file;
        });
        const strict = { strict: true, noEmit: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: true };
        const compilerOptions = { ...strict, target: "ES2022", lib: ["ES2022", "DOM"], jsx: "react-jsx", types: ["node"], esModuleInterop: true, ...options };
        writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
        writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
        try {
            execFileSync(process.execPath, [join(folder, "node_modules/typescript/bin/tsc"), "-p", folder], { encoding: "utf8" });
        } catch (error) {
            assert.fail(error.stdout);
        }
    });
