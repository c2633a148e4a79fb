// SPDX-License-Identifier: MIT
//
// One HTTP request, with any header a test wants to send, over TCP or over the local socket.

import http from "node:http";

/** `target` is { host, port } or { socketPath }. Resolves with { status, headers, text, json }. */
export function request(target, path, { method = "GET", headers = {}, body } = {}) {
    return new Promise((resolve, reject) => {
        const req = http.request({ ...target, path, method, headers, agent: false }, (res) => {
            let text = "";
            res.setEncoding("utf8");
            res.on("data", (piece) => (text += piece));
            res.on("end", () => resolve(answer(res, text)));
            res.on("error", reject);
        });
        req.setTimeout(10_000, () => req.destroy(new Error(`no answer to ${method} ${path}`)));
        req.on("error", reject);
        req.end(body);
    });
}

function answer(res, text) {
    return {
        status: res.statusCode,
        headers: res.headers,
        text,
        get json() {
            return JSON.parse(text);
        },
    };
}

export function query(params) {
    const text = new URLSearchParams(params).toString();
    return text && `?${text}`;
}
