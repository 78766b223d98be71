// One message as a line of the conversation. Whatever people write becomes text, never markup.

import { momentOf, say, sayWhy, timeOf } from "./words.js";

const COLOURS = 8;
const ADDRESS = /https?:\/\/[^\s<>"'`]+/gi;

function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** The same name has the same colour everywhere. */
function colourOf(author) {
  let hash = 7;
  for (const letter of author) hash = (hash * 31 + letter.codePointAt(0)) % 65_521;
  return `a${hash % COLOURS}`;
}

/** A text with its addresses as links: made of nodes, so that nothing in it can be markup. */
export function withLinks(text) {
  const parts = document.createDocumentFragment();
  let at = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    // Punctuation at the end belongs to the sentence, as a bracket does that was opened before.
    let address = found.replace(/[.,;:!?…»”’]+$/, "");
    if (address.endsWith(")") && !address.includes("(")) address = address.slice(0, -1);
    if (!URL.canParse(address)) continue;
    const link = element("a", "", address);
    link.href = address;
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow ugc";
    parts.append(text.slice(at, index), link);
    at = index + address.length;
  }
  parts.append(text.slice(at));
  return parts;
}

function base(author, text, date, isMine) {
  const line = element("li", isMine ? "line mine" : "line");
  const name = element("span", `author ${colourOf(author)}`);
  name.append(element("bdi", "", author));
  const time = element("time", "", timeOf(date));
  time.dateTime = date.toISOString();
  time.title = momentOf(date);
  const words = element("span", "text");
  words.dir = "auto";
  words.append(withLinks(text));
  line.append(name, " ", time, " ", words);
  return line;
}

/** A message that is in the room. */
export function messageLine(message, isMine) {
  const line = base(message.author, message.text, new Date(message.time), isMine);
  const replica = element("span", "replica", message.replica);
  replica.title = say("taken_by", { replica: message.replica });
  line.append(" ", replica);
  return line;
}

/** A message that is not in the room yet, and what becomes of it. */
export function waitingLine(item, act) {
  const line = base(item.author, item.text, new Date(item.time), true);
  line.classList.add("begins", "waits");
  const fate = element("span", "fate");
  fate.setAttribute("role", "status");
  line.append(fate);
  const button = (name, word, action) => {
    const made = element("button", name, say(word));
    made.type = "button";
    made.addEventListener("click", () => action(item.key));
    return made;
  };
  if (item.failed) {
    line.classList.add("failed");
    fate.append(say("failed", { why: sayWhy(item.failed) }), button("retry", "retry", act.retry), button("discard", "discard", act.discard));
  } else if (item.late) {
    line.classList.add("late");
    fate.append(say("waiting"));
  } else {
    fate.append(say("sending"));
  }
  return line;
}

/** A line between messages: a day, or where the unread ones begin. */
export function divider(kind, text) {
  return element("li", kind, text);
}
