// SPDX-License-Identifier: MIT
//
// fanout_node.mjs - what people build instead: each line from a TCP connection goes to all clients.
//
//   node bench/fanout_node.mjs ws|socketio
//
// `ws`: one message a line, as the documentation of npm ws shows it. `socketio`: a winston logger whose
// transport emits the event `log`, as in many a service. Both packages are those of tests/. Prints the port of
// the clients and that of the lines.

import { createServer as createHttp } from "node:http";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

const need = createRequire(new URL("../tests/package.json", import.meta.url));
const http = createHttp();

function withWs() {
    const { WebSocketServer } = need("ws");
    const server = new WebSocketServer({ server: http });
    return (line) => server.clients.forEach((client) => client.send(line));
}

function withSocketIo() {
    const { Server } = need("socket.io");
    const winston = need("winston");
    const Transport = need("winston-transport");
    const io = new Server(http, { transports: ["websocket"] });
    class Emitter extends Transport {
        log(info, next) {
            io.emit("log", { level: info.level, message: info.message, timestamp: info.timestamp });
            next();
        }
    }
    const format = winston.format.timestamp();
    const logger = winston.createLogger({ format, transports: [new Emitter()] });
    return (line) => logger.info(line);
}

const publish = process.argv[2] === "ws" ? withWs() : withSocketIo();
const lines = createServer((connection) => {
    connection.on("error", () => {});
    createInterface({ input: connection }).on("line", publish);
});
http.listen(0, "127.0.0.1", () => lines.listen(0, "127.0.0.1", () => console.log(http.address().port, lines.address().port)));
