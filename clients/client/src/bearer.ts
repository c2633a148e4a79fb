// SPDX-License-Identifier: MIT
// A token as a WebSocket subprotocol: `bearer.` and its base64url, without padding.

export function bearerOffer(token: string): string {
    const bytes = new TextEncoder().encode(token);
    const base64 = btoa(String.fromCharCode(...bytes));
    return `bearer.${base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}
