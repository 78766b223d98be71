// One room, from entering to leaving: its history, what comes, what is sent, who is there.

import { readPage, Refusal } from "./api.js";
import { Attention } from "./attention.js";
import { Lines } from "./lines.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { Stream } from "./stream.js";
import { say, sayWhy } from "./words.js";

const PAUSE_MAX_MS = 10_000;

const edge = document.getElementById("edge");
const earlier = document.getElementById("earlier");
const link = document.getElementById("link");
const state = document.getElementById("state");
const via = document.getElementById("via");

function showLink(name, text, replica) {
  link.dataset.state = name;
  // A status that says the same again would be read aloud again.
  if (state.textContent !== text) state.textContent = text;
  via.textContent = replica ? say("state_via", { replica }) : "";
}

export class Conversation {
  #kept = 1; // the number of the first message that the service keeps
  #isLoading = false;
  #isClosed = false;
  #stream = null;
  #stop = new AbortController();

  constructor(room, name) {
    Object.assign(this, { room, name });
    const visitor = () => this.name;
    this.lines = new Lines(visitor, {
      retry: (key) => this.outbox.retry(key),
      discard: (key) => this.outbox.discard(key),
    });
    this.people = new People(visitor);
    this.attention = new Attention(room, this.lines, () => this.#loadEarlier());
    edge.hidden = true;
    earlier.hidden = true;
    earlier.addEventListener("click", () => this.#loadEarlier(), { signal: this.#stop.signal });
    showLink("connecting", say("state_connecting"));
    this.outbox = new Outbox(room, {
      changed: (item) => this.#showItem(item),
      dropped: (item) => this.lines.drop(item),
      sent: (item, message) => {
        this.lines.drop(item);
        this.#take(message);
      },
    });
    this.#begin();
  }

  close() {
    this.#isClosed = true;
    this.#stop.abort();
    this.#stream?.close();
    this.outbox.close();
    this.people.close();
    this.attention.close();
  }

  send(text) { return this.outbox.add(this.name, text); }

  /** The network or the page is back. */
  hurry() {
    this.#stream?.hurry();
    this.outbox.hurry();
  }

  /** The network is gone. */
  cut() {
    this.#stream?.cut();
    this.#lost();
  }

  /** Reads the latest messages, as often as it takes, and follows the room from there. */
  async #begin() {
    for (let tries = 0; !this.#isClosed; tries += 1) {
      try {
        const page = await readPage(this.room);
        if (this.#isClosed) return;
        this.attention.keep(() => this.#showPage(page));
        this.attention.toEnd();
        this.#follow(`${page.epoch}-${page.last}`);
        return;
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        if (!refusal.isPassing) return this.#refused(refusal);
        if (this.#isClosed) return;
        this.#lost();
        const pause = Math.max(refusal.retryAfterMs, Math.min(300 * 2 ** tries, PAUSE_MAX_MS) * (0.5 + Math.random()));
        await new Promise((done) => { setTimeout(done, pause); });
      }
    }
  }

  #follow(place) {
    this.#stream = new Stream(this.room, place, this.name, {
      open: (replica) => showLink("open", say("state_open"), replica),
      lost: () => this.#lost(),
      refused: (refusal) => this.#refused(refusal),
      event: (kind, data) => this.#hear(kind, data),
    });
  }

  #lost() { showLink("lost", say(navigator.onLine ? "state_lost" : "state_offline")); }

  #refused(refusal) { showLink("lost", say("state_refused", { why: sayWhy(refusal) })); }

  #hear(kind, data) {
    if (kind === "message") this.#take(data);
    else if (kind === "presence") this.people.present(data);
    else if (kind === "typing") this.people.writes(data);
    else if (kind === "reset") {
      this.lines.clear();
      this.#kept = data.first;
      edge.textContent = say("reset");
      edge.hidden = false;
    }
  }

  /** A message of the room, from whichever side it came first. */
  #take(message) {
    this.people.wrote(message.author);
    const same = this.outbox.items.find((item) => !item.isShown && item.author === message.author && item.text === message.text);
    if (same) {
      // The room has it; the answer to the post is still under way.
      same.isShown = true;
      this.lines.drop(same);
    }
    const line = this.lines.add(message);
    if (!line) return;
    if (!edge.hidden && edge.dataset.kind === "empty") this.#showEdge();
    this.attention.came(line, message.author === this.name);
    if (this.attention.isAtEnd && this.lines.trim()) this.#showEdge();
    if (this.attention.isAtEnd) this.attention.toEnd();
  }

  #showItem(item) {
    if (item.isShown && !item.failed) return;
    this.lines.show(item);
    if (!item.isShown) this.attention.toEnd();
  }

  #showPage(page) {
    this.#kept = page.first;
    this.lines.addAll(page.messages);
    this.#showEdge();
  }

  /** What is above the first line: more, the beginning, or nothing that is kept. */
  #showEdge() {
    const { first } = this.lines;
    const kind = first === null ? "empty" : first > this.#kept ? "more" : this.#kept > 1 ? "forgotten" : "beginning";
    edge.dataset.kind = kind;
    edge.hidden = kind === "more";
    earlier.hidden = kind !== "more";
    if (kind !== "more") edge.textContent = say(kind, { room: this.room });
  }

  async #loadEarlier() {
    const { first } = this.lines;
    if (this.#isLoading || this.#isClosed || first === null || first <= this.#kept) return;
    this.#isLoading = true;
    try {
      const page = await readPage(this.room, `&before=${first}`);
      if (this.#isClosed) return;
      // A room that was reset meanwhile has other numbers.
      if (this.lines.first === first) this.attention.keep(() => this.#showPage(page));
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      edge.textContent = say("history_failed", { why: sayWhy(refusal) });
      edge.hidden = false;
    } finally {
      this.#isLoading = false;
    }
  }
}
