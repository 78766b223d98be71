// @uppy/tus: a file as its page would add it; goes on after every failure.
import fs from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [endpoint, token, path] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(createRequire(`${process.env.NODE_PATH}/`).resolve(name)));
const { default: Uppy } = await load("@uppy/core");
const { default: Tus } = await load("@uppy/tus");

const uppy = new Uppy({ autoProceed: false });
uppy.use(Tus, {
  endpoint,
  headers: { Authorization: `Bearer ${token}` },
  retryDelays: Array(200).fill(200),
  storeFingerprintForResuming: false,
  chunkSize: 16 << 20,
});
// Outside a browser tus-js-client takes a buffer, and Uppy asks how large it is.
const data = fs.readFileSync(path);
data.size = data.length;
uppy.addFile({ name: "cut.bin", type: "application/octet-stream", data });
const { failed } = await uppy.upload();
failed.forEach((file) => console.error(file.error));
process.exit(failed.length);
