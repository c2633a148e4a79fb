// SPDX-License-Identifier: MIT
import { useEffect, useRef, type ReactNode } from "react";
import { KEYS } from "./keys.js";

export function Help({ open, onClose }: { open: boolean; onClose(): void }): ReactNode {
    const dialog = useRef<HTMLDialogElement>(null);
    useEffect(() => {
        if (open && !dialog.current?.open) dialog.current?.showModal();
        else if (!open) dialog.current?.close();
    }, [open]);
    return (
        <dialog
            ref={dialog}
            className="help"
            aria-label="Keys"
            onClose={onClose}
            onClick={(event) => event.target === dialog.current && onClose()}
        >
            <div className="sheet">
                <h2>Keys</h2>
                <dl>
                    {KEYS.map(([keys, what]) => (
                        <div key={keys}>
                            <dt>
                                {keys.split(" ").map((key, i) => key !== "" && <kbd key={i}>{key}</kbd>)}
                            </dt>
                            <dd>{what}</dd>
                        </div>
                    ))}
                </dl>
                <p>
                    Click a line to open it; + and − beside a member put it into the filter or keep it
                    out. Filters are words, "phrases", key:value, key&gt;5, /regex/, - and OR.
                </p>
                <button type="button" onClick={onClose}>
                    Close
                </button>
            </div>
        </dialog>
    );
}
