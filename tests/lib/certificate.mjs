// SPDX-License-Identifier: MIT
//
// A certificate of one's own for localhost and 127.0.0.1, good for an hour or so.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Writes <dir>/<name>.crt and .key. Resolves with { cert, key, pem }. */
export function makeCertificate(dir, name = "hub") {
    const cert = `${dir}/${name}.crt`;
    const key = `${dir}/${name}.key`;
    execFileSync(
        "openssl",
        [
            ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
            ...["-subj", `/CN=${name}`, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            ...["-days", "1", "-keyout", key, "-out", cert],
        ],
        { stdio: "pipe" },
    );
    return { cert, key, pem: readFileSync(cert) };
}
