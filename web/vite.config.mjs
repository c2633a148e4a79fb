// SPDX-License-Identifier: MIT
// Fixed file names, because the hub embeds exactly these four files (src/api/webpage.c).
export default {
    base: "./", // so that the page works under a prefix, too
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
    server: { proxy: { "/api": process.env.LOGMILL_URL ?? "http://127.0.0.1:8514" } },
    test: { include: ["src/**/*.test.ts"], environment: "node", css: true },
};
