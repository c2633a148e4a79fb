// SPDX-License-Identifier: MIT
import { useEffect, useRef, type ReactNode } from "react";

interface SheetProps {
    title: string;
    open: boolean;
    onClose(): void;
    /** A further class. */
    kind?: string;
    children: ReactNode;
}

/** A dialog over the page. Escape and a click beside it close it; its content lives while it is open. */
export function Sheet({ title, open, onClose, kind = "", children }: SheetProps): ReactNode {
    const dialog = useRef<HTMLDialogElement>(null);
    useEffect(() => {
        const { current } = dialog;
        if (!current || open === current.open) return;
        if (!open) {
            current.close();
            return;
        }
        current.showModal();
        current.scrollTop = 0; // what gets the focus may lie further down
    }, [open]);
    return (
        <dialog
            ref={dialog}
            className={`sheet ${kind}`}
            aria-label={title}
            onClose={onClose}
            onClick={(event) => event.target === dialog.current && onClose()}
        >
            {open && (
                <div className="inner">
                    <h2>{title}</h2>
                    {children}
                </div>
            )}
        </dialog>
    );
}
