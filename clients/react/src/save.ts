// SPDX-License-Identifier: MIT
//
// Files out of what only this page can fetch or make.

export function saveBlob(blob: Blob, name: string): void {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Under the name that the hub gave it. */
export async function saveResponse(asked: Promise<Response>): Promise<void> {
    const response = await asked;
    const name = /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
    saveBlob(await response.blob(), name ?? "logs.txt");
}
