// What the visitor has in view: keeps the latest message in sight of who reads along, leaves who
// reads earlier ones alone, and counts what came meanwhile.

import { say, sayCount } from "./words.js";

const NEAR = 48; // pixels from the end that still count as the end

const scroll = document.getElementById("scroll");
const newest = document.getElementById("newest");

export class Attention {
  #isPinned = true;
  #unseen = 0;
  #stop = new AbortController();

  /** `lines` draws the mark; `nearTop` is told when earlier messages may be wanted. */
  constructor(room, lines, nearTop) {
    Object.assign(this, { room, lines });
    const { signal } = this.#stop;
    scroll.addEventListener("scroll", () => {
      this.#isPinned = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
      if (scroll.scrollTop < 2 * scroll.clientHeight) nearTop();
      this.#look();
    }, { signal, passive: true });
    newest.addEventListener("click", () => this.toEnd(), { signal });
    document.addEventListener("visibilitychange", () => this.#look(), { signal });
    // A keyboard that opens, or a line that grows, must not push the end out of sight.
    this.observer = new ResizeObserver(() => { if (this.#isPinned) this.#pin(); });
    for (const part of [scroll, scroll.firstElementChild]) this.observer.observe(part);
    this.#look();
  }

  close() {
    this.#stop.abort();
    this.observer.disconnect();
  }

  get isAtEnd() { return this.#isPinned; }

  /** A message came; the visitor's own needs no mark. */
  came(line, isOwn) {
    if (isOwn) {
      this.lines.forgetUnread();
      this.toEnd();
    } else if (document.hidden || !this.#isPinned) {
      if (this.#unseen === 0) {
        this.lines.forgetUnread();
        this.lines.markUnread(line);
      }
      this.#unseen += 1;
    }
    this.#look();
  }

  toEnd() {
    this.#isPinned = true;
    this.#pin();
    this.#look();
  }

  /** Does something above what is in view, which stays where it is. */
  keep(change) {
    const { scrollHeight, scrollTop } = scroll;
    change();
    scroll.scrollTop = this.#isPinned ? scroll.scrollHeight : scrollTop + scroll.scrollHeight - scrollHeight;
  }

  #pin() { scroll.scrollTop = scroll.scrollHeight; }

  #look() {
    if (this.#isPinned && !document.hidden) this.#unseen = 0;
    newest.hidden = this.#isPinned;
    newest.textContent = this.#unseen ? sayCount("newest", this.#unseen) : say("newest");
    const title = this.#unseen ? "page_title_unread" : "page_title";
    document.title = say(title, { room: this.room, count: this.#unseen });
  }
}
