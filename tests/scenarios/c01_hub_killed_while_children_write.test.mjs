// SPDX-License-Identifier: MIT
//
// kill -9 of the hub, again and again, while three configured children write 10,000 lines a second
// each. The children notice nothing; every line has one place in the history and in the plain files;
// clients that resume from their last cursor see every line once.

import { rounds } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { Storm } from "../lib/storm.mjs";

const ROUNDS = rounds(2);

scenario(
    `${ROUNDS} times kill -9 of the hub under 30,000 lines a second: every line once`,
    async (s, t) => {
        const storm = await new Storm(s).begin();
        for (let round = 1; round <= ROUNDS; round++) {
            await storm.blow(10_000);
            await storm.interrupt((hub) => hub.kill());
        }
        await storm.blow(10_000);
        await storm.end();
        t.diagnostic(`${ROUNDS} kills, ${storm.lines} lines, each once for ${storm.clients.length} clients`);
    },
    // How long it takes is up to the machine: who stands still is found out by the waiting inside.
    { timeout: 300_000 + ROUNDS * 15_000 },
);
