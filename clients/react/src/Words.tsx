// SPDX-License-Identifier: MIT
import { Fragment, type ReactNode } from "react";

/** What the hub says: it puts what people type into backquotes. */
export function Words({ text }: { text: string }): ReactNode {
    return text.split("`").map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : <Fragment key={i}>{part}</Fragment>));
}

/** What went wrong, told to screen readers too; nothing while `text` is empty. */
export function Problem({ text, testId }: { text: string; testId?: string }): ReactNode {
    if (text === "") return null;
    return (
        <p className="problem" role="alert" data-testid={testId}>
            <Words text={text} />
        </p>
    );
}
