// SPDX-License-Identifier: MIT
//
// A window: the records of one campaign, live and from the store, each shown once.
const CAMPAIGN = "campaign-123";
const USER = "user@example.com";
const MAX = 1000;

const api = window.electronAPI;
const element = (id) => document.getElementById(id);
const shown = new Set();

function show({ key, level, message, timestamp }, dropped = 0) {
    if (shown.has(key)) return;
    shown.add(key);
    const item = document.createElement("li");
    item.className = level;
    item.textContent = `${dropped ? `(${dropped} lines missed) ` : ""}${timestamp} ${level.toUpperCase()}: ${message}`;
    element("logs").append(item);
    if (element("logs").childElementCount > MAX) element("logs").firstElementChild.remove();
}

async function showCount() {
    element("count").textContent = `${await api.getLogCount(CAMPAIGN, USER)} records`;
}

async function loadVisits() {
    const answer = await api.call("campaign:visits", CAMPAIGN, 1000);
    if (!answer.success) return show({ key: Math.random(), level: "error", message: answer.error.message, timestamp: "" });
    const done = (n) => (element("count").textContent = `${n} visits`);
    if (typeof answer.data !== "string") return done(answer.data.length); // short: no stream was needed
    let n = 0;
    api.streaming.onChunk(answer.data, (chunk) => {
        n += chunk.data.length;
        element("progress").value = chunk.progress.percentage;
        if (chunk.isLast) done(n);
    });
    api.streaming.onError(answer.data, (error) => console.error(error.message));
}

async function begin() {
    api.onLogUpdate(show);
    await api.registerForLogs(CAMPAIGN, USER);
    for (const record of await api.getLogs(CAMPAIGN, USER, MAX)) show(record);
    await showCount();
    document.body.dataset.ready = "true";
}

element("say").addEventListener("submit", async (event) => {
    event.preventDefault();
    await api.logFromRenderer(CAMPAIGN, USER, { level: "info", message: element("message").value, sessionId: "ui", timestamp: new Date().toISOString() });
    element("message").value = "";
    await showCount();
});
element("run").addEventListener("click", () => api.call("campaign:run", CAMPAIGN, USER));
element("visits").addEventListener("click", loadVisits);
element("open").addEventListener("click", () => api.call("app:open-window"));
element("viewer").addEventListener("click", () => api.call("app:open-viewer"));
element("clear").addEventListener("click", async () => {
    await api.clearLogs(CAMPAIGN, USER);
    element("logs").replaceChildren();
    await showCount();
});
void begin();
