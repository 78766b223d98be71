// @uppy/tus, the uploader behind many web pages, without a browser: one file, in one request, in chunks,
// or paused in its middle and gone on with.

import assert from "node:assert";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

// Modules are not looked for in NODE_PATH.
const folder = process.env.NODE_PATH;
const load = (name) => import(pathToFileURL(createRequire(path.join(folder, "x")).resolve(name)));
const { default: Uppy } = await load("@uppy/core");
const { default: Tus } = await load("@uppy/tus");

const [endpoint, token, file, way] = process.argv.slice(2);
const bytes = fs.readFileSync(file);
const ways = { whole: {}, chunks: { chunkSize: 700001 }, paused: { chunkSize: 500000 } };

const uppy = new Uppy();
uppy.use(Tus, {
  endpoint,
  headers: { Authorization: `Bearer ${token}` },
  retryDelays: [0, 100, 300, 1000],
  ...ways[way],
});
uppy.addFile({
  name: "año Ł.bin",
  type: "application/octet-stream",
  // Of a Blob the library below knows nothing outside browsers; Uppy wants to know its size.
  data: Object.assign(bytes, { size: bytes.length }),
  meta: { relativePath: "folder/año Ł.bin" },
});

let paused = 0;
uppy.on("upload-progress", (one, { bytesUploaded }) => {
  if (way !== "paused" || paused || bytesUploaded === 0 || bytesUploaded === bytes.length) return;
  paused = bytesUploaded;
  uppy.pauseResume(one.id);
  setTimeout(() => uppy.pauseResume(one.id), 100);
});
const { successful, failed } = await uppy.upload();
assert.equal(failed.length, 0, failed[0]?.error);
assert.equal(successful.length, 1);
if (way === "paused") assert.ok(paused > 0 && paused < bytes.length, `paused at ${paused}`);
console.log("all well");
process.exit(0);
