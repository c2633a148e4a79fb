// SPDX-License-Identifier: MIT
import type { ReactNode } from "react";
import { KEYS } from "./keys.js";
import { Sheet } from "./Sheet.js";

export function Help({ open, onClose }: { open: boolean; onClose(): void }): ReactNode {
    return (
        <Sheet title="Keys" kind="help" open={open} onClose={onClose}>
            <div className="keys" data-testid="keys">
                {KEYS.map(([group, keys]) => (
                    <section key={group}>
                        <h3>{group}</h3>
                        <dl>
                            {keys.map(([names, what]) => (
                                <div key={names}>
                                    <dt>
                                        {names.split(" ").map((key, i) => key !== "" && <kbd key={i}>{key}</kbd>)}
                                    </dt>
                                    <dd>{what}</dd>
                                </div>
                            ))}
                        </dl>
                    </section>
                ))}
            </div>
            <p>
                A click opens a line; <b>+</b> and <b>−</b> beside a member put it into the filter or keep it out.
                Filters are words, "phrases", key:value, key&gt;5, /regex/, - and OR.
            </p>
            <button type="button" onClick={onClose}>
                Close
            </button>
        </Sheet>
    );
}
