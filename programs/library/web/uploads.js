// Uploads by tus 1.0. A file goes on where it was cut: after a pause, a lost network, a sleep, or a
// reload, when it is chosen again. Two at once: a browser has six connections to one place.

import { byId, element } from "./api.js";
import { showItems } from "./items.js";
import { Upload } from "./upload.js";
import { bytes, say } from "./words.js";

const KEPT = "library-uploads";
const AT_ONCE = 2;
const running = new Map();
const queue = [];
let awake = null;

const read = () => JSON.parse(localStorage.getItem(KEPT) ?? "{}");
const write = (kept) => localStorage.setItem(KEPT, JSON.stringify(kept));
const nameOf = (file) => `${file.name}|${file.size}|${file.lastModified}`;

function remember(file, url) {
  const kept = read();
  if (url) kept[nameOf(file)] = { url, name: file.name, size: file.size };
  else delete kept[nameOf(file)];
  write(kept);
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

function begin(file) {
  const key = nameOf(file);
  if (running.has(key)) return;
  byId("uploads").querySelector(`[data-key="${CSS.escape(key)}"]`)?.remove();
  const line = new Line(key, file.name, file.size);
  byId("uploads").prepend(line.item);
  const upload = new Upload(file, read()[key]?.url, {
    made: (url) => remember(file, url),
    progress: (committed, sent) => line.tell("state_running", committed, sent),
    waiting: (committed) => line.tell("state_waiting", committed),
    paused: (committed) => line.tell("state_paused", committed),
    failed: (words) => {
      line.state.textContent = words;
      line.pause.textContent = say("resume");
      next();
    },
    complete: () => {
      remember(file, null);
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
    remember(file, null);
    running.delete(key);
    line.item.remove();
    next();
  });
  running.set(key, upload);
  queue.push(upload);
  next();
}

/** Lists what was begun before this page was loaded. */
export function listUnfinished() {
  for (const [key, { name, size }] of Object.entries(read())) {
    if (running.has(key)) continue;
    const line = new Line(key, name, size);
    line.state.textContent = say("state_choose");
    line.pause.remove();
    line.end.addEventListener("click", () => {
      const kept = read();
      fetch(kept[key]?.url ?? "", { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } }).catch(() => {});
      delete kept[key];
      write(kept);
      line.item.remove();
    });
    byId("uploads").append(line.item);
  }
}

byId("files").addEventListener("change", () => {
  [...byId("files").files].forEach(begin);
  byId("files").value = "";
});
const drop = document.querySelector(".drop");
for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  [...event.dataTransfer.files].forEach(begin);
});
document.addEventListener("visibilitychange", () => keepAwake());
