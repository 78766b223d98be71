// The last requests with where their time went; each leads to the answer to "why".

import { el, replace, table } from "./dom.js";
import { PHASES } from "./phases.js";
import { millis, say, time } from "./words.js";
import { showWhy } from "./why.js";

const place = document.getElementById("requests");

export const which = () => document.querySelector("[name=which]:checked").value;

export function showRequests(requests) {
  const empty = which() === "errors" ? "no_errors" : "no_requests";
  if (!requests.length) return replace(place, el("p", { class: "empty" }, say(empty)));
  const longest = Math.max(...requests.map((one) => one.duration_ms), 1);
  const heading = ["time", "request", "status", "duration", "server", "cache"].map((name) => say(name));
  const rows = requests.map((one) => row(one, longest));
  replace(place, table(say("requests"), heading, rows, { class: "requests" }));
}

function row(one, longest) {
  const name = `${one.method} ${one.target}`;
  const open = el(
    "button",
    { type: "button", class: "link", "data-key": one.id, title: `${one.host}${one.target}`, onclick: () => showWhy(one) },
    el("span", { class: "method" }, one.method || "–"),
    " ",
    el("span", { class: "target" }, one.target || one.error || name),
  );
  return [
    el("time", { datetime: one.time }, time(one.time)),
    { cell: open, kind: "what" },
    { cell: String(one.status || "–"), kind: `status-cell s${String(one.status)[0]}` },
    { cell: [millis(one.duration_ms), stages(one, longest)], kind: "duration" },
    { cell: el("code", {}, one.backend ?? "–"), kind: "backend" },
    { cell: one.cache?.result ?? "–", kind: "cache" },
  ];
}

/** The stages as parts of a bar whose length is the duration's share of the longest shown. */
export function stages(one, longest) {
  const bar = el("span", { class: "stages", "aria-hidden": "true" });
  // The square root lets short ones be seen beside long ones.
  bar.style.setProperty("inline-size", `${Math.max(2, Math.sqrt(one.duration_ms / longest) * 100)}%`);
  for (const [name, colour] of Object.entries(PHASES)) {
    const part = el("span", { class: colour });
    part.style.setProperty("flex-grow", String(one.stages?.[`${name}_ms`] ?? 0));
    bar.append(part);
  }
  return bar;
}
