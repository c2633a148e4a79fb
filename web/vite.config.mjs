// SPDX-License-Identifier: MIT
// Fixed file names, because the hub embeds exactly these files (src/api/webpage.c).
import { fileURLToPath } from "node:url";

const source = (path) => fileURLToPath(new URL(`../clients/${path}`, import.meta.url));

export default {
    base: "./", // so that the page works under a prefix, too
    // The packages are taken from their sources, and React from here, so that there is one of it.
    resolve: {
        alias: {
            "@logmill/client": source("client/src/index.ts"),
            "@logmill/react/page": source("react/src/page.ts"),
            "@logmill/react/worker": source("react/src/stream_worker.ts"),
            "@logmill/react/styles.css": source("react/src/styles.css"),
        },
        dedupe: ["react", "react-dom"],
    },
    esbuild: { jsx: "automatic", legalComments: "none" },
    build: {
        target: "es2022",
        outDir: "dist",
        emptyOutDir: true,
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
        rollupOptions: {
            output: {
                entryFileNames: "assets/app.js",
                assetFileNames: "assets/app[extname]",
                inlineDynamicImports: true,
            },
        },
    },
    worker: {
        format: "es",
        rollupOptions: { output: { entryFileNames: "assets/worker.js", inlineDynamicImports: true } },
    },
    server: { proxy: { "/api": process.env.LOGMILL_URL ?? "http://127.0.0.1:8514" } },
    test: { passWithNoTests: true, include: ["src/**/*.test.ts"], environment: "node", css: true },
};
