// SPDX-License-Identifier: MIT
//
// A page that may see nothing asks for a token; a wrong one is told, a right one becomes a session that
// outlives a reload, and ends when one signs out. Where one ends, the page asks again and keeps its lines.

import assert from "node:assert/strict";
import { noBrowser, openPage } from "../lib/browser.mjs";
import { scenario } from "../lib/scenario.mjs";
import { makeToken } from "../lib/tokens.mjs";
import { until } from "../lib/wait.mjs";

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

scenario("a token that is withdrawn ends the session; another one goes on where the page is", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const [first, second] = [makeToken("first", "read"), makeToken("second", "read")];
    const only = ({ conf }) => ({ auth: { loopback: "none", tokens: [conf] } });
    const hub = await s.hub({ settings: only(first) });
    const say = (message) => hub.ask("/api/v1/logs", {}, { method: "POST", body: JSON.stringify({ message }) });
    await say("before");
    const page = await openPage(s, `${hub.url}/logs`);
    await page.getByLabel("Token").fill(first.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    const line = (text) => page.getByTestId("row").filter({ hasText: text }).waitFor();
    await line("before");
    let asked = 0;
    page.on("request", (request) => (asked += request.url().endsWith("/api/v1/session") ? 1 : 0));
    await page.reload();
    await line("before");
    await page.locator("[data-testid=status][data-state=live]").waitFor();
    assert.equal(asked, 1, "what this browser may do is asked once");
    hub.configure(only(second));
    hub.process.signal("SIGHUP");
    await page.getByRole("heading", { name: "Your session has ended" }).waitFor();
    await page.getByTestId("trouble").waitFor();
    await line("before");
    await page.getByLabel("Token").fill(second.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByTestId("signin").waitFor({ state: "detached" });
    await say("after");
    await line("after");
    await until("no trouble", async () => (await page.getByTestId("trouble").count()) === 0);
});
