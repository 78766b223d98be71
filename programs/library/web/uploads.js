// Uploads by tus 1.0. A file goes on where it was cut: after a pause, a lost network, a sleep, a reload,
// or on another device, when it is chosen again: the library tells what it has of it and the digest of
// that, and the file's beginning has the same. Two at once: a browser has six connections to one place.

import { ask, byId, element } from "./api.js";
import { takeFiles } from "./dropping.js";
import { hash } from "./hash.js";
import { showItems } from "./items.js";
import { Upload } from "./upload.js";
import { bytes, say } from "./words.js";

const KEPT = "library-upload-addresses";
const AT_ONCE = 2;
const running = new Map();
const queue = [];
let awake = null;

const read = () => JSON.parse(localStorage.getItem(KEPT) ?? "{}");
const write = (kept) => localStorage.setItem(KEPT, JSON.stringify(kept));
const nameOf = (file, folder) => `${folder}/${file.name}|${file.size}|${file.lastModified}`;
const addressOf = (id) => new URL(`api/uploads/${id}`, location.href).pathname;
const inFolder = (folder, name) => (folder ? `${folder}/${name}` : name);

function remember(key, url) {
  const kept = read();
  if (url) kept[key] = url;
  else delete kept[key];
  write(kept);
}

/** What the library has begun to receive, from whatever device. */
async function unfinished() {
  const { items } = await ask("GET", "uploads?limit=200");
  return items.filter((one) => one.state === "receiving");
}

/** The address of the upload that has the beginning of a file, if there is one. */
async function findBegun(file, folder, begun) {
  const busy = new Set([...running.values()].map((one) => one.url));
  const fits = (one) => one.length === file.size && one.folder === folder && !busy.has(addressOf(one.id));
  for (const one of begun.filter(fits)) {
    // Without a byte there is only the name to go by.
    if (one.offset === 0 ? one.name === file.name : (await hash(file, one.offset)) === one.sha256) {
      return addressOf(one.id);
    }
  }
  return null;
}

async function keepAwake() {
  const busy = [...running.values()].some((one) => one.isRunning);
  if (busy && !awake && "wakeLock" in navigator && document.visibilityState === "visible") {
    awake = await navigator.wakeLock.request("screen").catch(() => null);
    awake?.addEventListener("release", () => (awake = null));
  } else if (!busy && awake) {
    await awake.release();
  }
}

class Line {
  constructor(key, name, size) {
    this.name = element("span", { className: "name" }, name);
    this.state = element("span", { className: "state" });
    this.sent = element("progress", { className: "sent", max: size || 1, value: 0, ariaHidden: "true" });
    this.committed = element("progress", { className: "committed", max: size || 1, value: 0, ariaLabel: name });
    this.pause = element("button", { type: "button", className: "plain" }, say("pause"));
    this.end = element("button", { type: "button", className: "plain" }, say("end"));
    this.actions = element("span", { className: "actions" }, this.pause, this.end);
    const bar = element("span", { className: "bar" }, this.sent, this.committed);
    this.item = element("li", { dataset: { key } }, this.name, this.actions, this.state, bar);
    this.size = size;
  }

  tell(word, committed, sent = committed) {
    this.sent.value = sent;
    this.committed.value = committed;
    const values = { done: bytes(committed), sent: bytes(sent), size: bytes(this.size) };
    this.state.textContent = say(word, values);
  }
}

function next() {
  const busy = [...running.values()].filter((one) => one.isRunning).length;
  for (const upload of queue.splice(0, Math.max(0, AT_ONCE - busy))) upload.run();
  keepAwake();
}

function begin(file, folder, found) {
  const key = nameOf(file, folder);
  if (running.has(key)) return;
  const url = read()[key] ?? found;
  for (const old of [key, url]) byId("uploads").querySelector(`[data-key="${CSS.escape(old ?? "")}"]`)?.remove();
  const line = new Line(key, inFolder(folder, file.name), file.size);
  byId("uploads").prepend(line.item);
  const upload = new Upload(file, folder, url, {
    made: (made) => remember(key, made),
    progress: (committed, sent) => line.tell("state_running", committed, sent),
    waiting: (committed) => line.tell("state_waiting", committed),
    paused: (committed) => line.tell("state_paused", committed),
    failed: (words) => {
      line.state.textContent = words;
      line.pause.textContent = say("resume");
      next();
    },
    complete: () => {
      remember(key, null);
      running.delete(key);
      line.tell("state_complete", file.size);
      line.actions.remove();
      next();
      showItems().catch(() => {});
    },
  });
  line.tell("state_queued", 0);
  line.pause.addEventListener("click", () => {
    if (upload.isRunning) upload.pause();
    else queue.push(upload);
    line.pause.textContent = say(upload.isRunning ? "pause" : queue.includes(upload) ? "pause" : "resume");
    next();
  });
  line.end.addEventListener("click", async () => {
    await upload.end();
    remember(key, null);
    running.delete(key);
    line.item.remove();
    next();
  });
  running.set(key, upload);
  queue.push(upload);
  next();
}

/** Begins with files; those that were begun before go on. */
async function take(files) {
  const begun = await unfinished().catch(() => []);
  for (const { file, folder } of files) {
    const isKnown = nameOf(file, folder) in read();
    begin(file, folder, isKnown ? null : await findBegun(file, folder, begun).catch(() => null));
  }
}

/** Lists what was begun before this page was loaded, here or elsewhere. */
export async function listUnfinished() {
  const begun = await unfinished();
  const busy = new Set([...running.values()].map((one) => one.url));
  for (const one of begun) {
    const url = addressOf(one.id);
    if (busy.has(url) || byId("uploads").querySelector(`[data-key="${CSS.escape(url)}"]`)) continue;
    const line = new Line(url, inFolder(one.folder, one.name), one.length ?? 0);
    line.tell("state_choose", one.offset);
    line.pause.remove();
    line.end.addEventListener("click", () => {
      fetch(url, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } }).catch(() => {});
      line.item.remove();
    });
    byId("uploads").append(line.item);
  }
}

takeFiles(document.querySelector(".drop"), [byId("files"), byId("folder")], take);
document.addEventListener("visibilitychange", () => keepAwake());
