// SPDX-License-Identifier: MIT
//
// A program that uses @logmill/client, as built in clients/client/dist: over WebSocket (npm ws) or
// server-sent events, reconnecting by itself.

import { LogStreamingService } from "../../clients/client/dist/esm/index.js";
import WebSocket from "ws";
import { Received } from "./received.mjs";
import { until } from "./wait.mjs";

export class ServiceClient extends Received {
    errors = [];
    states = [];

    constructor(hub, transport, options = {}) {
        super(`@logmill/client over ${transport}`);
        this.service = new LogStreamingService(hub.url, { transport, WebSocket });
        this.stream = this.service.streamAllLogs({
            onMessage: (log) => this.add(log),
            onDropped: (notice) => this.add(notice),
            onGap: (notice) => this.add(notice),
            onError: (error) => this.errors.push(error.message),
            onState: (state) => this.states.push(state.name),
            maxReconnectDelay: 500,
            ...options,
        });
    }

    ready() {
        return until(
            () => `${this.name} to be live: ${this.errors}`,
            () => this.stream.connected,
        );
    }

    close() {
        this.service.disconnect();
    }
}
