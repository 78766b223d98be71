// tus-js-client: one file, in one of several ways.
"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const { PassThrough } = require("node:stream");
const tus = require("tus-js-client");

const [endpoint, token, path, way] = process.argv.slice(2);
const size = fs.statSync(path).size;

const options = {
  endpoint,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: "año Ł.bin", filetype: "application/octet-stream" },
  retryDelays: [0, 100, 300, 1000],
};
const ways = {
  whole: {},
  chunks: { chunkSize: 700001 },
  cut: { chunkSize: 1000000 },
  killed: {
    chunkSize: 16 << 20,
    retryDelays: Array(1000).fill(200),
    onProgress: (sent) => tellProgress(sent),
  },
  parallel: { parallelUploads: 3 },
  draft: { protocol: "ietf-draft-05" },
  deferred: { chunkSize: 900001, uploadLengthDeferred: true },
};

// A line for each further part of the file that was sent.
let told = 0;
function tellProgress(sent) {
  if (sent < told + Math.max(4 << 20, size / 32)) return;
  told = sent;
  console.log(`sent ${sent}`);
}

function upload(more) {
  return new Promise((resolve, reject) => {
    const file = fs.createReadStream(path);
    // Of a file it knows the length, and announces more than it sends when that is deferred.
    const source = way === "deferred" ? file.pipe(new PassThrough()) : file;
    const upload = new tus.Upload(source, {
      ...options,
      ...ways[way],
      ...more,
      onError: reject,
      onSuccess: () => resolve(upload),
    });
    if (more.onBegin) more.onBegin(upload, resolve);
    upload.start();
  });
}

async function main() {
  if (way === "cut") {
    // Ended after the first chunk, and gone on with by another instance that knows the address.
    let done = 0;
    const first = await upload({
      onBegin: (upload, resolve) => {
        upload.options.onChunkComplete = async (_, accepted) => {
          done = accepted;
          await upload.abort();
          resolve(upload);
        };
      },
    });
    assert.ok(done > 0 && done < size, `${done}`);
    assert.ok(first.url);
    await upload({ uploadUrl: first.url });
  } else {
    await upload({});
  }
  console.log("all well");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
