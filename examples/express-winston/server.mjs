// SPDX-License-Identifier: MIT
//
// A web shop that logs through Winston. Its records are in the hub's daily files, in the hub's history,
// and on a log page of its own, /logs, over its own Socket.IO server.
//
//     logmill serve &
//     PORT=3000 node server.mjs
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import express from "express";
import { Server } from "socket.io";
import { getWebSocketTransport, initLogger, setSocketIOInstance } from "@logmill/winston";

const transport = getWebSocketTransport({ source: "shop" });
const logger = initLogger({ level: "debug" });
const app = express();
const server = createServer(app);

// Every record goes to every page as it is logged; a page that has just come asks for the recent ones.
const io = new Server(server);
setSocketIOInstance(io);
io.on("connection", (socket) => {
    socket.on("requestLogs", ({ level, limit = 500 } = {}, acknowledge) => {
        const logs = (level ? transport.getLogsByLevel(level) : transport.getCachedLogs()).slice(-limit);
        socket.emit("logs", logs);
        acknowledge?.(logs);
    });
});

let orders = 0;
app.get("/logs", (_, response) => response.sendFile(fileURLToPath(new URL("logs.html", import.meta.url))));
app.post("/orders", (_, response) => {
    const id = ++orders;
    const order = logger.child({ orderId: id, jobRunId: `order-${id}` });
    order.info("order taken");
    if (id % 5 === 0) order.error("the card was refused", { code: "E_CARD" });
    else order.info("order paid");
    response.status(201).json({ id });
});
app.get("/", (_, response) => response.send('<p>POST /orders, and look at <a href="/logs">the log page</a>.</p>'));

server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => logger.info(`shop at http://127.0.0.1:${server.address().port}`));

// The end waits for the hub, at most three seconds.
for (const signal of ["SIGINT", "SIGTERM"])
    process.once(signal, () => {
        logger.info(`${signal}: closing`);
        transport.once("finish", () => process.exit());
        logger.end();
    });
