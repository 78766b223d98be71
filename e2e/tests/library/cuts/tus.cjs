// tus-js-client: goes on after every failure; killed, by the address that it had stored.
"use strict";

const fs = require("node:fs");
const tus = require("tus-js-client");

const [endpoint, token, path, state, way] = process.argv.slice(2);
const ways = {
  whole: { chunkSize: Infinity },
  parallel: { parallelUploads: 3 },
  draft: { protocol: "ietf-draft-05" },
};

const upload = new tus.Upload(fs.createReadStream(path), {
  endpoint,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: "cut.bin" },
  retryDelays: Array(200).fill(200),
  urlStorage: new tus.FileUrlStorage(state),
  fingerprint: async () => `${path}-${way}`,
  removeFingerprintOnSuccess: true,
  ...ways[way],
  onError: (error) => {
    console.error(error);
    process.exit(1);
  },
  onSuccess: () => process.exit(0),
});
upload.findPreviousUploads().then((before) => {
  if (before.length > 0) upload.resumeFromPreviousUpload(before[0]);
  upload.start();
});
