// SPDX-License-Identifier: MIT
//
// A context bridge that is as strict as Electron's: preload script and page live in realms of their own, and
// nothing is shared. Functions are wrapped, promises followed, plain objects and arrays copied without
// their prototypes, errors reduced to their message, everything else copied by structured clone; what is
// exposed is frozen.

const DEPTH_MAX = 1000;

/** `page`: the realm of the page, as a vm context. Returns what the preload script is given. */
export function contextBridgeTo(page, run) {
    const realms = {
        page: run("({ object: () => ({}), array: () => [], error: (m) => new Error(m), wrap: (f) => (...a) => f(...a), promise: (f) => new Promise(f), clone: (v) => v })"),
        preload: { object: () => ({}), array: () => [], error: (m) => new Error(m), wrap: (f) => f, promise: (f) => new Promise(f) },
    };
    return { exposeInMainWorld: (key, api) => (page[key] = frozen(pass(api, realms.page, realms.preload))) };
}

function pass(value, to, from, seen = new Map(), depth = 0) {
    if (typeof value === "symbol" || depth > DEPTH_MAX) throw to.error("An object could not be cloned.");
    if (typeof value === "function")
        return to.wrap((...args) => {
            try {
                return pass(value(...args.map((arg) => pass(arg, from, to))), to, from);
            } catch (error) {
                throw to.error(messageOf(error));
            }
        });
    if (typeof value !== "object" || value === null) return value;
    if (seen.has(value)) return seen.get(value);
    if (typeof value.then === "function")
        return to.promise((resolve, reject) => {
            value.then(
                (result) => {
                    try {
                        resolve(pass(result, to, from));
                    } catch (error) {
                        reject(to.error(messageOf(error)));
                    }
                },
                (error) => reject(to.error(messageOf(error))),
            );
        });
    const kind = Object.prototype.toString.call(value);
    if (kind === "[object Error]") return to.error(value.message);
    if (kind !== "[object Object]" && kind !== "[object Array]") return structuredClone(value);
    const copy = kind === "[object Array]" ? to.array() : to.object();
    seen.set(value, copy);
    for (const key of Object.keys(value)) copy[key] = pass(value[key], to, from, seen, depth + 1);
    return copy;
}

function messageOf(error) {
    return String(error?.message ?? error);
}

function frozen(value) {
    if (typeof value !== "object" || value === null) return value;
    Object.values(value).forEach(frozen);
    return Object.freeze(value);
}
