// SPDX-License-Identifier: MIT
//
// Whatever `durability` says about power cuts: kill -9 loses nothing, and clients resume.

import { rounds } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { Storm } from "../lib/storm.mjs";

const ROUNDS = rounds(1);

for (const durability of ["os", "interval", "always"])
    scenario(
        `durability: ${durability} survives kill -9 with every line once`,
        async (s) => {
            const storm = await new Storm(s, {
                names: ["one", "two"],
                rate: 5000,
                settings: { durability },
            }).begin();
            for (let round = 1; round <= ROUNDS; round++) {
                await storm.blow(3000);
                await storm.interrupt((hub) => hub.kill());
            }
            await storm.blow(3000);
            await storm.end();
        },
        { timeout: 60_000 + ROUNDS * 10_000 },
    );
