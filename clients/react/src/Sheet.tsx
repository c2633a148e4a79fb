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
        if (open && !dialog.current?.open) dialog.current?.showModal();
        else if (!open) dialog.current?.close();
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
