// Who is here and who is writing: passing things, shown while they last.

import { say, sayCount } from "./words.js";

const SHOWN = 20;
const list = document.getElementById("people");
const number = document.getElementById("people-count");
const typing = document.getElementById("typing");
const opener = document.getElementById("open-panel");

export class People {
  #writing = new Map();

  constructor(visitor) {
    this.visitor = visitor;
    list.replaceChildren();
    number.textContent = "";
    this.#show();
  }

  present({ count, names }) {
    const lines = names.slice(0, SHOWN).map((name) => {
      const line = document.createElement("li");
      const own = document.createElement("bdi");
      own.textContent = name;
      line.append(own);
      return line;
    });
    const rest = count - lines.length;
    if (rest > 0) {
      const line = document.createElement("li");
      line.className = "rest";
      line.textContent = say("reading", { count: rest });
      lines.push(line);
    }
    list.replaceChildren(...lines);
    number.textContent = count;
    opener.textContent = sayCount("here", count);
  }

  writes({ author, expires_ms: ms }) {
    if (author === this.visitor()) return;
    clearTimeout(this.#writing.get(author));
    this.#writing.set(author, setTimeout(() => this.wrote(author), ms));
    this.#show();
  }

  /** Whoever has sent a message writes it no more. */
  wrote(author) {
    clearTimeout(this.#writing.get(author));
    if (this.#writing.delete(author)) this.#show();
  }

  close() {
    for (const timer of this.#writing.values()) clearTimeout(timer);
    this.#writing.clear();
    this.#show();
  }

  #show() {
    const [first, second, ...more] = this.#writing.keys();
    if (!first) typing.textContent = "";
    else if (!second) typing.textContent = say("typing_one", { first });
    else if (!more.length) typing.textContent = say("typing_two", { first, second });
    else typing.textContent = say("typing_many");
  }
}
