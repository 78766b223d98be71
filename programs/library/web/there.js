// "Is it there already?": the digest of a file is computed here, and the library is asked for it. The
// file itself is not sent. What others keep to themselves is not told.

import { ask, byId, element } from "./api.js";
import { takeFiles } from "./dropping.js";
import { hash } from "./hash.js";
import { bytes, say, sayWhy } from "./words.js";

let asked = Promise.resolve();

function line(file) {
  const state = element("span", { className: "about" }, say("there_waits"));
  const made = element("li", {}, element("span", { className: "name" }, file.name), state);
  byId("there-list").prepend(made);
  return state;
}

async function look(file, state) {
  try {
    const size = bytes(file.size);
    const digest = await hash(file, file.size, (done) => {
      state.textContent = say("there_reads", { done: bytes(done), size });
    });
    const { items } = await ask("GET", `items?sha256=${digest}&limit=10`);
    if (items.length === 0) {
      state.textContent = say("there_no");
      return;
    }
    const links = items.flatMap((item) => [
      " ",
      element("a", { href: `#item/${item.id}` }, item.folder ? `${item.folder}/${item.title}` : item.title),
    ]);
    state.replaceChildren(say("there_yes"), ...links);
  } catch (error) {
    state.textContent = error.problem ? sayWhy(error.problem) : say("there_failed");
  }
}

takeFiles(document.querySelector(".there"), [byId("there-files")], (files) => {
  for (const { file } of files) {
    const state = line(file);
    // One after the other: a disk reads one file faster than two.
    asked = asked.then(() => look(file, state));
  }
});
