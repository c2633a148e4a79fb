// SPDX-License-Identifier: MIT
//
// Copying also works where the page came over plain HTTP from another machine and the browser hides
// its clipboard interface: through a selected text field, the old way.

export async function copyText(text: string): Promise<void> {
    if (navigator.clipboard) {
        await navigator.clipboard.writeText(text).catch(() => copyBySelection(text));
        return;
    }
    copyBySelection(text);
}

function copyBySelection(text: string): void {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "sr-only";
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
}
