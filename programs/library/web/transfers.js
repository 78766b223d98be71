// One's own transfers, live; for admins everybody's, and who is there.

import { ask, byId, element } from "./api.js";
import { bytes, momentOf, say, sayIfAny } from "./words.js";

let me = null;

function line(one) {
  const state = sayIfAny(`transfer_${one.state}`, one.state);
  const way = sayIfAny(`direction_${one.direction}`, one.direction);
  const how = say("transfer_bytes", { done: bytes(one.bytes ?? 0), size: bytes(one.total ?? one.size ?? 0) });
  const rate = one.rate ? say("transfer_rate", { rate: bytes(Math.round(one.rate)) }) : "";
  const waits = one.position ? say("transfer_position", { position: one.position }) : "";
  const isMine = one.user?.id === me.id;
  // Of somebody else: who, and from where.
  const who = isMine ? "" : [one.user?.name ?? say("transfer_nobody"), one.client].join(", ");
  const onward = isMine && one.state === "disconnected" && one.direction === "upload" ? say("transfer_onward") : "";
  const parts = [who, way, state, waits, how, rate, one.started ? momentOf(one.started) : "", onward];
  const about = parts.filter(Boolean).join(" · ");
  const name = element("span", { className: "name" }, one.name ?? one.id);
  return element("li", {}, name, element("span", { className: "about" }, about));
}

async function fill() {
  const { items } = await ask("GET", "transfers?limit=100");
  byId("transfer-list").replaceChildren(...items.map(line));
  byId("transfer-none").hidden = items.length > 0;
  if (me.role !== "admin") return;
  const users = await ask("GET", "transfers/users?limit=200");
  const online = users.items.filter((one) => one.state === "online").map((one) => one.name);
  byId("online").textContent = say("online", { names: online.join(", ") });
}

/** Shows them, until another view is. */
export async function showTransfers(who) {
  me = who;
  if (!me) {
    location.hash = "#account";
    return undefined;
  }
  await fill();
  const events = new EventSource("api/transfers/events");
  let due = null;
  const changed = () => {
    due ??= setTimeout(() => {
      due = null;
      fill().catch(() => {});
    }, 500);
  };
  events.onmessage = changed;
  for (const kind of ["transfer", "transfers", "user", "change"]) events.addEventListener(kind, changed);
  return () => {
    clearTimeout(due);
    events.close();
  };
}
