// SPDX-License-Identifier: MIT
// A WebSocket whose other end is the test.
export function fakeSockets() {
    const made = [];
    class FakeWebSocket {
        readyState = 0;
        binaryType = "blob";
        sent = [];
        constructor(url, protocols) {
            this.url = new URL(url);
            this.offers = protocols;
            this.protocol = "";
            made.push(this);
        }
        send(text) {
            this.sent.push(JSON.parse(text));
        }
        close(code) {
            this.closedWith = code;
            this.readyState = 3;
        }
        // --- the hub's side ---
        accept(protocol = "logmill.plain") {
            this.protocol = protocol;
            this.readyState = 1;
            this.onopen?.({});
        }
        says(message) {
            this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) });
        }
        drops(code = 1006, reason = "") {
            this.readyState = 3;
            this.onclose?.({ code, reason });
        }
    }
    return { FakeWebSocket, made };
}

export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Turns of the event loop until it holds; a deadline in case it never does. */
export async function until(holds) {
    for (const end = Date.now() + 5000; !holds(); await turn())
        if (Date.now() > end) throw new Error("it did not happen in 5 s");
}
