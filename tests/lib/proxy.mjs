// SPDX-License-Identifier: MIT
//
// A TCP proxy between clients and a hub, which does to connections what networks do: resets them, ends them
// because they were idle, stops carrying bytes.

import net from "node:net";
import { until } from "./wait.mjs";

export class Proxy {
    pairs = new Set();

    constructor(hub) {
        this.hub = hub;
        this.server = net.createServer((client) => this.connect(client));
        this.server.listen(0, "127.0.0.1");
    }

    async ready() {
        await until("the proxy to listen", () => this.server.listening);
        this.port = this.server.address().port;
        this.url = `http://127.0.0.1:${this.port}`;
        return this;
    }

    connect(client) {
        const hub = net.connect(this.hub.port, "127.0.0.1");
        const pair = { client, hub };
        this.pairs.add(pair);
        for (const [from, to] of [
            [client, hub],
            [hub, client],
        ]) {
            from.on("error", () => {});
            from.on("close", () => {
                to.destroy();
                this.pairs.delete(pair);
            });
            from.pipe(to);
        }
    }

    /** Both ends see a reset. */
    reset(pairs = this.pairs) {
        for (const { client, hub } of pairs) {
            client.resetAndDestroy();
            hub.resetAndDestroy();
        }
    }

    /** Both ends see an orderly end, as from a proxy that has waited long enough. */
    end(pairs = this.pairs) {
        for (const { client, hub } of pairs) {
            client.end();
            hub.end();
        }
    }

    /** Bytes from the hub stay in the buffers on the way. */
    stall() {
        for (const { hub } of this.pairs) hub.pause();
    }

    flow() {
        for (const { hub } of this.pairs) hub.resume();
    }

    close() {
        this.server.close();
        for (const { client, hub } of this.pairs) {
            client.destroy();
            hub.destroy();
        }
    }
}
