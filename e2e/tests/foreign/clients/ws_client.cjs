// The `ws` library through a gateway: texts, binary, ping, compression, many at once, close.
"use strict";

const assert = require("node:assert");
const crypto = require("node:crypto");
const { once } = require("node:events");
const WebSocket = require("ws");

async function converse(url, number, perMessageDeflate) {
  const socket = new WebSocket(url, { perMessageDeflate });
  await once(socket, "open");
  for (let turn = 0; turn < 20; turn++) {
    const text = `${number}: ${turn} ñandú`;
    socket.send(text);
    const [data, isBinary] = await once(socket, "message");
    assert.strictEqual(isBinary, false);
    assert.strictEqual(data.toString(), text);
  }
  const large = crypto.randomBytes(2 << 20);
  socket.send(large);
  const [data] = await once(socket, "message");
  assert.ok(large.equals(data));
  socket.ping("still there");
  const [pong] = await once(socket, "pong");
  assert.strictEqual(pong.toString(), "still there");
  socket.close(1000, "done");
  const [code] = await once(socket, "close");
  assert.strictEqual(code, 1000);
}

async function main(address) {
  const url = `ws://${address}/socket`;
  await Promise.all(Array.from({ length: 10 }, (_, n) => converse(url, n, n % 2 === 0)));
  console.log("all well");
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
