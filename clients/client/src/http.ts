// SPDX-License-Identifier: MIT
//
// Requests to the hub: where it is, who asks, and errors with the hub's own words.

import { withQuery } from "./params.js";
import { HubError, type Credentials } from "./types.js";

export interface HttpOptions extends Credentials {
    fetch?: typeof fetch;
}

export class Http {
    readonly baseUrl: string;

    constructor(
        baseUrl: string | undefined,
        private readonly options: HttpOptions = {},
    ) {
        this.baseUrl = (baseUrl ?? pageOrigin()).replace(/\/+$/, "");
    }

    url(path: string, params: Record<string, unknown> = {}): string {
        return withQuery(this.baseUrl + path, params);
    }

    /** The same address for WebSockets. */
    socketUrl(path: string, params: Record<string, unknown> = {}): string {
        return this.url(path, params).replace(/^http/, "ws");
    }

    async token(): Promise<string | undefined> {
        return this.options.getToken ? await this.options.getToken() : this.options.token;
    }

    /** A response with a status of 2xx; anything else is a HubError. */
    async request(path: string, params: Record<string, unknown> = {}, init: RequestInit = {}): Promise<Response> {
        const token = await this.token();
        const headers = new Headers(init.headers);
        if (token) headers.set("Authorization", `Bearer ${token}`);
        const ask = this.options.fetch ?? fetch;
        const response = await ask(this.url(path, params), { ...init, headers }).catch((error: unknown) => {
            if (init.signal?.aborted) throw error;
            throw new HubError(`the hub at ${this.baseUrl} cannot be reached: ${causeOf(error) ?? "is it running?"}`, 0, "unreachable");
        });
        if (!response.ok) throw await errorOf(response);
        return response;
    }

    async json<T>(path: string, params: Record<string, unknown> = {}, init: RequestInit = {}): Promise<T> {
        return (await (await this.request(path, params, init)).json()) as T;
    }
}

function pageOrigin(): string {
    const page = (globalThis as { location?: { origin?: string } }).location;
    if (page?.origin && page.origin !== "null") return page.origin;
    throw new TypeError("outside of a page the address of the hub must be given, e.g. http://127.0.0.1:8514");
}

/** Null where fetch says no more than that it failed, as browsers do. */
function causeOf(error: unknown): string | null {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    if (!(cause instanceof Error)) return String(cause);
    return cause instanceof TypeError ? null : cause.message;
}

async function errorOf(response: Response): Promise<HubError> {
    const body = (await response.json().catch(() => null)) as {
        error?: { code?: unknown; message?: unknown; details?: unknown };
    } | null;
    const error = body?.error;
    return new HubError(
        typeof error?.message === "string" ? error.message : `the hub answered ${response.status}`,
        response.status,
        typeof error?.code === "string" ? error.code : "http",
        error?.details,
    );
}
