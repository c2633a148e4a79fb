// SPDX-License-Identifier: MIT
//
// What files take on the disk, holes not counted.

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Bytes of all files below `folder` whose names match. */
export function diskBytes(folder, name = /./) {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && name.test(entry.name))
        .reduce((sum, entry) => sum + statSync(join(entry.path, entry.name)).blocks * 512, 0);
}
