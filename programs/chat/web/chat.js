// The page: who the visitor is, which room is shown, and what else there is.

import { listRooms, Refusal } from "./api.js";
import { compose, focusField } from "./composer.js";
import { Conversation } from "./conversation.js";
import * as memory from "./memory.js";
import { say } from "./words.js";

const ROOMS_MS = 30_000; // between two looks at the list of rooms

const at = (id) => document.getElementById(id);
let name = memory.read("name") ?? "";
let conversation = null;

function roomOfAddress() {
  const room = new URLSearchParams(location.search).get("room");
  return (room || memory.read("room") || "lobby").normalize("NFC");
}

function addressOf(room) {
  const query = new URLSearchParams(location.search);
  query.set("room", room);
  return `?${query}`;
}

function open(room) {
  conversation?.close();
  conversation = new Conversation(room, name);
  memory.write("room", room);
  at("title").textContent = room;
  at("who").textContent = name || say("nobody");
  for (const language of ["en", "es"]) {
    at(`lang-${language}`).href = `?${new URLSearchParams({ lang: language, room })}`;
  }
  showRooms();
}

function go(room) {
  if (room !== conversation?.room) history.pushState(null, "", addressOf(room));
  closePanel();
  open(room);
  focusField();
}

async function showRooms() {
  const here = conversation.room;
  let rooms = [];
  try {
    ({ rooms } = await listRooms());
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    if (at("rooms").childElementCount) return; // what was there is better than nothing
  }
  if (here !== conversation.room) return;
  const names = rooms.map(({ room }) => room);
  if (!names.includes(here)) names.unshift(here);
  at("rooms").replaceChildren(...names.map((room) => {
    const link = document.createElement("a");
    link.href = addressOf(room);
    link.textContent = room;
    if (room === here) link.setAttribute("aria-current", "page");
    link.addEventListener("click", (event) => {
      // Another tab, if that is what is asked for.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      go(room);
    });
    const line = document.createElement("li");
    line.append(link);
    return line;
  }));
}

function ask() {
  at("name").value = name;
  at("room").value = conversation?.room ?? roomOfAddress();
  at("enter").showModal();
}

at("enter-form").addEventListener("submit", () => {
  name = at("name").value.trim().normalize("NFC");
  memory.write("name", name);
  const room = at("room").value.trim().normalize("NFC");
  go(room);
});
at("look").addEventListener("click", () => at("enter").close());
for (const opener of ["who", "change"]) at(opener).addEventListener("click", ask);

function closePanel() {
  at("panel").classList.remove("open");
  at("open-panel").setAttribute("aria-expanded", "false");
}
at("open-panel").addEventListener("click", () => {
  at("panel").classList.add("open");
  at("open-panel").setAttribute("aria-expanded", "true");
  at("close-panel").focus();
});
at("close-panel").addEventListener("click", () => {
  closePanel();
  at("open-panel").focus();
});
at("panel").addEventListener("keydown", (event) => {
  if (event.key === "Escape") at("close-panel").click();
});

compose({
  send(text) {
    if (!name) {
      ask();
      return false;
    }
    const taken = conversation.send(text);
    at("trouble").textContent = taken ? "" : say("full");
    return taken;
  },
  writing: () => (name ? [conversation.room, name] : null),
});

addEventListener("popstate", () => open(roomOfAddress()));
addEventListener("online", () => conversation.hurry());
addEventListener("offline", () => conversation.cut());
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  conversation.hurry();
  showRooms();
});
setInterval(() => { if (!document.hidden) showRooms(); }, ROOMS_MS);

open(roomOfAddress());
if (name) focusField();
else ask();
