// One's own transfers, live.

import { ask, byId, element } from "./api.js";
import { bytes, momentOf, say, sayIfAny } from "./words.js";

function line(one) {
  const state = sayIfAny(`transfer_${one.state}`, one.state);
  const way = sayIfAny(`direction_${one.direction}`, one.direction);
  const how = say("transfer_bytes", { done: bytes(one.bytes ?? 0), size: bytes(one.total ?? one.size ?? 0) });
  const rate = one.rate ? say("transfer_rate", { rate: bytes(Math.round(one.rate)) }) : "";
  const about = [way, state, how, rate, one.started ? momentOf(one.started) : ""].filter(Boolean).join(" · ");
  const name = element("span", { className: "name" }, one.name ?? one.id);
  return element("li", {}, name, element("span", { className: "about" }, about));
}

async function fill() {
  const { items } = await ask("GET", "transfers?limit=100");
  byId("transfer-list").replaceChildren(...items.map(line));
  byId("transfer-none").hidden = items.length > 0;
}

/** Shows them, until another view is. */
export async function showTransfers(me) {
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
