// Node's fetch against a gateway: many at once, streams, every kind of message.
"use strict";

const assert = require("node:assert");

async function main(address) {
  const base = `http://${address}`;
  const texts = await Promise.all(
    Array.from({ length: 200 }, async (_, number) => {
      const body = `number ${number}`;
      const response = await fetch(`${base}/echo`, { method: "POST", body });
      assert.strictEqual(response.status, 200);
      assert.strictEqual(await response.text(), body);
    }),
  );
  assert.strictEqual(texts.length, 200);

  const chunks = await fetch(`${base}/chunks`);
  assert.strictEqual(await chunks.text(), "abcdefg");

  const hinted = await fetch(`${base}/hints`);
  assert.strictEqual(await hinted.text(), "hinted");

  const head = await fetch(`${base}/x`, { method: "HEAD" });
  assert.strictEqual(head.headers.get("content-length"), "7");

  const gone = await fetch(`${base}/x`, { method: "DELETE" });
  assert.strictEqual(gone.status, 204);

  const piece = new Uint8Array(65536).fill(7);
  let left = 64;
  const stream = new ReadableStream({
    pull(controller) {
      if (left-- > 0) controller.enqueue(piece);
      else controller.close();
    },
  });
  const echoed = await fetch(`${base}/echo`, { method: "PUT", body: stream, duplex: "half" });
  const bytes = new Uint8Array(await echoed.arrayBuffer());
  assert.strictEqual(bytes.length, 64 * 65536);
  assert.ok(bytes.every((byte) => byte === 7));

  const controller = new AbortController();
  const never = fetch(`${base}/echo`, {
    method: "POST",
    body: new ReadableStream({ start(c) { c.enqueue(piece); } }),
    duplex: "half",
    signal: controller.signal,
  });
  controller.abort();
  await assert.rejects(never, { name: "AbortError" });
  console.log("all well");
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
