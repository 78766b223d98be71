// Digests of files, computed in a worker so that the page goes on.

let worker = null;
let count = 0;
const waiting = new Map();

function start() {
  worker = new Worker("digest.js");
  worker.addEventListener("message", ({ data: { id, done, digest, failed } }) => {
    const asked = waiting.get(id);
    if (!asked) return;
    if (done !== undefined) {
      asked.tell(done);
      return;
    }
    waiting.delete(id);
    if (failed) asked.reject(new Error("unreadable"));
    else asked.resolve(digest);
  });
}

/** SHA-256 of a file's first `length` bytes, in hexadecimal digits; `tell` is told how far it is. */
export function hash(file, length = file.size, tell = () => {}) {
  if (!worker) start();
  count += 1;
  const id = count;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject, tell });
    worker.postMessage({ id, file, length });
  });
}
