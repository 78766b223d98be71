// Follows a room: reads its event stream, and goes on where it stopped when the connection is
// lost, at whichever replica answers.
//
// EventSource is not enough: it gives up for good when a gateway answers 502 for a moment, it does
// not notice a line that is dead but not closed, and it does not tell which replica answered.

import { openEvents, Refusal } from "./api.js";

const SILENCE_MS = 45_000; // a ping comes every 15 s
const FRESH_MS = 20_000; // a page that comes to the front doubts a line that is silent for longer
const LOST_MS = 2_000; // moving to another replica takes less; nobody need notice it
const FIRST_PAUSE_MS = 150;
const PAUSE_MAX_MS = 10_000;

/** Cuts an event stream into events (WHATWG HTML, section 9.2.6). */
export class EventReader {
  #rest = "";
  #event = {};

  /** Takes the next characters; the events that end in them. */
  feed(text) {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop();
    const events = [];
    for (const line of lines.map((line) => line.replace(/\r$/, ""))) {
      if (line === "") {
        events.push(this.#event);
        this.#event = {};
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue; // a comment
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      this.#event[field] = field === "data" && "data" in this.#event ? `${this.#event.data}\n${value}` : value;
    }
    return events;
  }
}

/** One room, followed until `close`. `on` has: event, open(replica), lost, refused(refusal). */
export class Stream {
  #ended = new AbortController();
  #attempt = null;
  #heard = 0;
  #wake = () => {};

  constructor(room, place, visitor, on) {
    Object.assign(this, { room, place, visitor, on });
    this.#run();
  }

  close() {
    this.#ended.abort();
    this.#attempt?.abort();
    this.#wake();
  }

  /** The page is in front, or the network is back: looks at once whether the line is alive. */
  hurry() {
    if (this.#attempt && this.#heard && Date.now() - this.#heard > FRESH_MS) this.#attempt.abort();
    this.#wake();
  }

  /** The network is gone: a line that is dead need not be waited for. */
  cut() { this.#attempt?.abort(); }

  async #run() {
    let tries = 0;
    let lost = null;
    const tellLost = () => { lost ??= setTimeout(() => this.on.lost(), LOST_MS); };
    tellLost();
    while (!this.#ended.signal.aborted) {
      let pause = 0;
      try {
        const asked = await this.#read(() => {
          clearTimeout(lost);
          [lost, tries] = [null, 0];
        });
        pause = asked ?? 0;
      } catch (refusal) {
        if (refusal instanceof Refusal && !refusal.isPassing) {
          if (!this.#ended.signal.aborted) this.on.refused(refusal);
          clearTimeout(lost);
          return;
        }
        pause = refusal.retryAfterMs ?? 0;
      }
      if (this.#ended.signal.aborted) break;
      tellLost();
      const backoff = Math.min(FIRST_PAUSE_MS * 2 ** tries, PAUSE_MAX_MS);
      tries += 1;
      // Drawn at random: others have lost the same replica.
      await this.#pause(Math.max(pause, backoff * (0.5 + Math.random())));
    }
    clearTimeout(lost);
  }

  /** One connection to its end; how long the server asks to stay away, if it does. */
  async #read(opened) {
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#heard = 0;
    let watchdog = setTimeout(() => attempt.abort(), SILENCE_MS);
    try {
      const response = await openEvents(this.room, this.place, this.visitor, attempt.signal);
      const body = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const events = new EventReader();
      let retry = null;
      let isOpen = false;
      for (;;) {
        const { done, value } = await body.read();
        if (done || this.#ended.signal.aborted) return retry;
        if (!isOpen) {
          isOpen = true;
          opened();
          this.on.open(response.headers.get("X-Replica"));
        }
        this.#heard = Date.now();
        clearTimeout(watchdog);
        watchdog = setTimeout(() => attempt.abort(), SILENCE_MS);
        for (const event of events.feed(value)) {
          // The calm one at the beginning is for those who cannot tell an end from a cut.
          if ("retry" in event && !("id" in event)) retry = Number(event.retry) || 0;
          if (event.data !== undefined) this.on.event(event.event ?? "message", JSON.parse(event.data), event.id);
          if (event.id) this.place = event.id;
        }
      }
    } finally {
      clearTimeout(watchdog);
      attempt.abort();
      this.#attempt = null;
    }
  }

  #pause(ms) {
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.#wake = () => { clearTimeout(timer); done(); };
    });
  }
}
