// SPDX-License-Identifier: MIT
//
// Tokens as people make them: with `logmill token create`, whose line goes into the configuration.

import { execFileSync } from "node:child_process";
import { LOGMILL } from "./paths.mjs";

/** Resolves with { token, conf }: what a client shows, and one entry of auth.tokens. */
export function makeToken(name, scope, labels = {}) {
    const flags = Object.entries(labels).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
    const text = execFileSync(LOGMILL, ["token", "create", "--name", name, "--scope", scope, ...flags], {
        encoding: "utf8",
    });
    const [, token] = /^(lmt_[0-9a-f]{48})$/m.exec(text);
    const [, hash] = /hash: "(v1\.[0-9a-f]{32}\.[0-9a-f]{64})"/.exec(text);
    return { token, conf: { name, hash, scope, ...(Object.keys(labels).length && { labels }) } };
}

export const bearer = (token) => ({ headers: { authorization: `Bearer ${token}` } });

export const base64url = (text) => Buffer.from(text).toString("base64url");
