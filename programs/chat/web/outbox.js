// What was written here and is not in the room yet. Each message is kept in the browser, with its
// key, until the service has answered: it survives a lost connection and a closed page, and it is
// in the room once, however often it is sent. One after the other, so that they keep their order.

import { post, Refusal } from "./api.js";
import * as memory from "./memory.js";

const PLACE = "outbox.";
const WAITING_MAX = 200;
const LATE_MS = 1_500; // after this, the visitor is told that it is not sent yet
const FIRST_PAUSE_MS = 400;
const PAUSE_MAX_MS = 15_000;

// crypto.randomUUID is only there with TLS or on this machine.
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The messages of one room that wait. `on` has: changed(item), sent(item, message), dropped(item). */
export class Outbox {
  #items = [];
  #running = false;
  #closed = false;
  #wake = () => {};

  constructor(room, on) {
    Object.assign(this, { room, on });
    const kept = memory.names(PLACE).map((name) => memory.read(name));
    this.#items = kept.filter((item) => item?.room === room && item.key).sort((a, b) => a.time - b.time || a.turn - b.turn);
    for (const item of this.#items) {
      if (!item.failed) item.late = true;
      on.changed(item);
    }
    this.#run();
  }

  get items() { return [...this.#items]; }

  /** Takes a message in; false if too much waits. */
  add(author, text) {
    if (this.#items.length >= WAITING_MAX) return false;
    const turn = this.#items.length;
    const late = this.#items.some((item) => item.late && !item.failed);
    const item = { key: newKey(), room: this.room, author, text, time: Date.now(), turn, late, failed: null };
    this.#items.push(item);
    memory.write(PLACE + item.key, item);
    this.on.changed(item);
    this.#run();
    return true;
  }

  /** Sends a message again that had failed. */
  retry(key) {
    const item = this.#items.find((one) => one.key === key);
    if (!item) return;
    item.failed = null;
    memory.write(PLACE + key, item);
    this.on.changed(item);
    this.#wake();
    this.#run();
  }

  discard(key) {
    const item = this.#items.find((one) => one.key === key);
    if (item) this.#drop(item);
  }

  /** The network is back. */
  hurry() { this.#wake(); }

  /** Sends no more from here; what waits stays kept. */
  close() {
    this.#closed = true;
    this.#wake();
  }

  /** What waits behind a message that is late is late too. */
  #tellLate() {
    for (const item of this.#items) {
      if (item.late || item.failed) continue;
      item.late = true;
      this.on.changed(item);
    }
  }

  #drop(item) {
    memory.remove(PLACE + item.key);
    this.#items = this.#items.filter((one) => one !== item);
    this.on.dropped(item);
  }

  async #run() {
    if (this.#running) return;
    this.#running = true;
    let tries = 0;
    for (;;) {
      const item = this.#items.find((one) => !one.failed);
      if (!item || this.#closed) break;
      const late = setTimeout(() => this.#tellLate(), LATE_MS);
      try {
        const message = await post(this.room, item, item.key);
        tries = 0;
        memory.remove(PLACE + item.key);
        this.#items = this.#items.filter((one) => one !== item);
        if (!this.#closed) this.on.sent(item, message);
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        clearTimeout(late);
        if (!this.#items.includes(item) || this.#closed) continue;
        if (refusal.isPassing) {
          this.#tellLate();
          const backoff = Math.min(FIRST_PAUSE_MS * 2 ** tries, PAUSE_MAX_MS) * (0.5 + Math.random());
          tries += 1;
          await this.#pause(Math.max(refusal.retryAfterMs, backoff));
        } else {
          item.failed = { status: refusal.status, field: refusal.field };
          memory.write(PLACE + item.key, item);
          this.on.changed(item);
        }
      } finally {
        clearTimeout(late);
      }
    }
    this.#running = false;
  }

  #pause(ms) {
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.#wake = () => { clearTimeout(timer); done(); };
    });
  }
}
