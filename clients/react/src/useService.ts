// SPDX-License-Identifier: MIT
import { useMemo } from "react";
import { bridgeService, findBridge, LogStreamingService } from "@logmill/client";

/** Where a component finds its hub. */
export interface HubProps {
    /** The hub, when it is neither the page's own origin nor, in a window of Electron, behind electronAPI. */
    baseUrl?: string;
    token?: string;
    getToken?: () => string | Promise<string>;
    /** A service to share; then baseUrl and credentials are its own. */
    service?: LogStreamingService;
}

export function useService({ service, baseUrl, token, getToken }: HubProps): LogStreamingService {
    return useMemo(() => {
        if (service) return service;
        const bridge = baseUrl === undefined ? findBridge() : null;
        if (bridge) return bridgeService(bridge);
        return new LogStreamingService(baseUrl, { ...(token ? { token } : {}), ...(getToken ? { getToken } : {}) });
    }, [service, baseUrl, token, getToken]);
}
