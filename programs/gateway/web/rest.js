// The gateway itself: what the top line and the alarms say, connections, log, cache, TCP.

import { el, replace, terms } from "./dom.js";
import { bytes, count, say, span, time } from "./words.js";

const byId = (id) => document.getElementById(id);

export function showTop(status) {
  const state = byId("state");
  state.textContent = say(status.draining ? "draining" : "serving");
  state.className = `pill ${status.draining ? "draining" : "up"}`;
  byId("facts").textContent = [
    status.version,
    say("process", { pid: status.pid }),
    say("up_for", { time: span(status.uptime_seconds) }),
    say(status.workers === 1 ? "one_thread" : "threads", { count: status.workers }),
  ].join(" · ");
}

/** Says that nothing is known any more, since when. */
export function showLost(since) {
  byId("state").textContent = say("lost");
  byId("state").className = "pill down";
  showAlarms([say("lost_alarm", { since: time(since) })]);
}

export function alarmsOf(status) {
  const alarms = [];
  if (status.draining) alarms.push(say("draining_alarm"));
  for (const doing of ["reading", "writing"]) {
    const trouble = status.cache?.[doing];
    if (trouble) {
      alarms.push(say("cache_alarm", { doing: say(doing), reason: trouble.reason, since: time(trouble.since) }));
    }
  }
  const dropped = status.access_log?.dropped;
  if (dropped) alarms.push(say("log_alarm", { count: count(dropped) }));
  return alarms;
}

let shown = "";

export function showAlarms(alarms) {
  // Said again only when something else is said: a screen reader speaks each change.
  if (shown === alarms.join("\n")) return;
  shown = alarms.join("\n");
  byId("alarms").replaceChildren(...alarms.map((text) => el("p", { class: "alarm" }, text)));
}

export function showRest(status) {
  const { connections, access_log: log, cache } = status;
  const pairs = [
    [say("listening"), (status.listeners ?? []).join(", ")],
    [say("answered"), count(status.requests)],
    [say("connections"), say("connections_text", { open: count(connections.open), limit: count(connections.limit), refused: count(connections.refused) })],
    [say("log"), say("log_text", { written: count(log.written), dropped: count(log.dropped) })],
    ...(status.tcp ?? []).map((one) => [
      say("tcp"),
      say("tcp_text", { ...one, open: count(one.open), connections: count(one.connections) }),
    ]),
  ];
  if (cache) {
    pairs.push(
      [say("disk"), say("disk_text", { objects: count(cache.objects), bytes: bytes(cache.bytes), limit: bytes(cache.limit_bytes) })],
      [say("in_memory"), say("in_memory_text", { objects: count(cache.memory.objects), bytes: bytes(cache.memory.bytes) })],
      [say("purges"), cache.purges_pending ? count(cache.purges_pending) : null],
    );
  }
  replace(byId("rest"), terms(pairs));
}
