// The messages of a room on the page: in the order of their numbers, each once, with the days
// between them.

import { divider, messageLine, waitingLine } from "./line.js";
import { dayKey, dayOf, say } from "./words.js";

const KEPT = 1_500; // lines on the page; earlier ones can be loaded again
const PAUSE_MS = 5 * 60_000; // after a pause, the author's name is written again

export class Lines {
  #list = document.getElementById("lines");
  #waiting = document.getElementById("pending");
  #log = document.getElementById("log");
  #bySeq = new Map();
  #pending = new Map();
  #unread = null;

  constructor(visitor, act) {
    Object.assign(this, { visitor, act });
    this.#list.replaceChildren();
    this.#waiting.replaceChildren();
  }

  /** The number of the earliest message on the page; null when there is none. */
  get first() {
    const line = this.#list.querySelector(".line");
    return line && Number(line.dataset.seq);
  }

  /** Puts messages where their numbers say. Nobody wants earlier ones read aloud. */
  addAll(messages) {
    this.#log.setAttribute("aria-busy", "true");
    const added = messages.map((message) => this.add(message)).filter(Boolean);
    this.#log.removeAttribute("aria-busy");
    return added.length;
  }

  /** Puts a message where its number says; its line, or null if it is there already. */
  add(message) {
    const { seq } = message;
    if (this.#bySeq.has(seq)) return null;
    const line = messageLine(message, message.author === this.visitor());
    line.dataset.seq = seq;
    line.dataset.author = message.author;
    line.dataset.time = Date.parse(message.time);
    this.#bySeq.set(seq, line);
    let before = this.#list.lastElementChild;
    while (before && !(Number(before.dataset.seq) < seq)) before = before.previousElementSibling;
    if (before) before.after(line);
    else this.#list.prepend(line);
    this.#settle(line);
    this.#settle(nextLine(line));
    return line;
  }

  /** Draws what belongs to a line: the day before it, and whether it names its author. */
  #settle(line) {
    if (!line) return;
    const date = new Date(Number(line.dataset.time));
    const before = previousLine(line);
    const isNewDay = !before || dayKey(new Date(Number(before.dataset.time))) !== dayKey(date);
    let mark = line.previousElementSibling;
    while (mark && !mark.matches(".line") && !mark.matches(".day")) mark = mark.previousElementSibling;
    const day = mark?.matches(".day") ? mark : null;
    if (isNewDay && !day) {
      const made = divider("day", dayOf(date));
      (this.#unread && line.previousElementSibling === this.#unread ? this.#unread : line).before(made);
    } else if (isNewDay) {
      day.textContent = dayOf(date);
    } else {
      day?.remove();
    }
    const touches = line.previousElementSibling === before;
    const follows = !isNewDay && touches && before.dataset.author === line.dataset.author
      && date - Number(before.dataset.time) < PAUSE_MS;
    line.classList.toggle("follows", follows);
    line.classList.toggle("begins", !follows);
  }

  /** A message that waits, or what has become of it. */
  show(item) {
    const line = waitingLine(item, this.act);
    const before = this.#pending.get(item.key);
    this.#pending.set(item.key, line);
    if (before) before.replaceWith(line);
    else this.#waiting.append(line);
  }

  drop(item) {
    this.#pending.get(item.key)?.remove();
    this.#pending.delete(item.key);
  }

  /** Draws the line above what has not been seen, unless it is drawn. */
  markUnread(line) {
    if (this.#unread) return;
    this.#unread = divider("unread", say("unread"));
    line.before(this.#unread);
    this.#settle(line);
  }

  forgetUnread() {
    const next = this.#unread && nextLine(this.#unread);
    this.#unread?.remove();
    this.#unread = null;
    this.#settle(next);
  }

  clear() {
    this.#list.replaceChildren();
    this.#bySeq.clear();
    this.#unread = null;
  }

  /** Takes the earliest lines away when there are very many; true if it did. */
  trim() {
    if (this.#bySeq.size <= KEPT + KEPT / 10) return false;
    while (this.#bySeq.size > KEPT) {
      const line = this.#list.firstElementChild;
      if (line.dataset.seq) this.#bySeq.delete(Number(line.dataset.seq));
      if (line === this.#unread) this.#unread = null;
      line.remove();
    }
    this.#settle(this.#list.querySelector(".line"));
    return true;
  }
}

function previousLine(element) {
  let before = element.previousElementSibling;
  while (before && !before.matches(".line")) before = before.previousElementSibling;
  return before;
}

function nextLine(element) {
  let next = element.nextElementSibling;
  while (next && !next.matches(".line")) next = next.nextElementSibling;
  return next;
}
