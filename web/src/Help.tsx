// SPDX-License-Identifier: MIT
import { useEffect, useRef, type ReactNode } from "react";

const KEYS: readonly (readonly [string, string])[] = [
    ["Space", "pause or follow"],
    ["G  End", "to the newest line, and follow"],
    ["g  Home", "to the oldest line loaded"],
    ["j k  ↓ ↑", "next, previous line"],
    ["d u", "half a page down, up"],
    ["Enter", "open or close a line"],
    ["e E", "next, previous error"],
    ["w W", "next, previous warning or error"],
    ["/", "search text"],
    ["f", "choose a job run"],
    ["l", "wrap long lines"],
    ["T", "local time or UTC"],
    ["y", "copy the line"],
    ["Esc", "leave a field, close this"],
    ["?", "this help"],
];

export function Help({ open, onClose }: { open: boolean; onClose(): void }): ReactNode {
    const dialog = useRef<HTMLDialogElement>(null);
    useEffect(() => {
        if (open) dialog.current?.showModal();
        else dialog.current?.close();
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
                    Click a line to open it, and a job run in it to see only that run. The address of
                    this page holds the filter: share it.
                </p>
                <button type="button" onClick={onClose}>
                    Close
                </button>
            </div>
        </dialog>
    );
}
