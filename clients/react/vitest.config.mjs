// SPDX-License-Identifier: MIT
import { fileURLToPath } from "node:url";

export default {
    resolve: { alias: { "@logmill/client": fileURLToPath(new URL("../client/src/index.ts", import.meta.url)) } },
    test: { include: ["src/**/*.test.ts"], environment: "node", css: true },
};
