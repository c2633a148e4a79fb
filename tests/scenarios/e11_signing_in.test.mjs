// SPDX-License-Identifier: MIT
//
// A page that may see nothing asks for a token; a wrong one is told, a right one becomes a session that
// outlives a reload, and ends when one signs out.

import assert from "node:assert/strict";
import { noBrowser, openPage } from "../lib/browser.mjs";
import { scenario } from "../lib/scenario.mjs";
import { makeToken } from "../lib/tokens.mjs";

scenario("a token opens the page, and the session stays", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const viewer = makeToken("viewer", "read");
    const hub = await s.hub({ settings: { auth: { loopback: "none", tokens: [viewer.conf] } } });
    await hub.ask("/api/v1/logs", {}, { method: "POST", body: JSON.stringify({ message: "behind the door" }) });
    const page = await openPage(s, `${hub.url}/logs`);
    await page.getByTestId("signin").waitFor();
    await page.getByLabel("Token").fill(`lmt_${"0".repeat(48)}`);
    await page.getByRole("button", { name: "Sign in" }).click();
    assert.match(await page.getByRole("alert").innerText(), /This token is not known/);
    await page.getByLabel("Token").fill(viewer.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("behind the door").first().waitFor();
    await page.reload();
    await page.getByText("behind the door").first().waitFor();
    assert.equal(await page.getByTestId("signin").count(), 0);
    await page.getByTestId("sign-out").click();
    await page.getByTestId("signin").waitFor();
    await page.reload();
    await page.getByTestId("signin").waitFor();
    assert.equal(await page.getByText("behind the door").count(), 0);
});

scenario("who has no session has nothing to sign out of; the printed URL's ends, too", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub();
    const page = await openPage(s, `${hub.url}/processes`);
    await page.getByTestId("access").waitFor();
    assert.equal(await page.getByTestId("sign-out").count(), 0);
    await page.goto(`${hub.url}/?ticket=${hub.ticket}`);
    await page.getByTestId("sign-out").click();
    await page.getByTestId("sign-out").waitFor({ state: "detached" });
    await page.getByRole("link", { name: "Processes" }).click();
    await page.getByTestId("access").waitFor();
});
