// Why a request went as it did, or would go.

import { get } from "./api.js";
import { openDialog } from "./dialogs.js";
import { el, replace, table, terms } from "./dom.js";
import { PHASES } from "./phases.js";
import { bytes, millis, say, time, word } from "./words.js";

const byId = (id) => document.getElementById(id);
const dialog = byId("why");
const place = byId("why-answer");

/** Opens the dialog; with a request that is known already, shows that. */
export function showWhy(request) {
  byId("why-url").value = request ? request.id : "";
  byId("why-method").value = request?.method || "GET";
  byId("why-headers").value = "";
  replace(place, ...(request ? past(request) : []));
  openDialog(dialog, ask);
}

async function ask() {
  const text = byId("why-url").value.trim();
  const query = new URLSearchParams();
  // A URL has a scheme; an id has no slash.
  if (text.includes("/")) {
    query.set("url", text);
    query.set("method", byId("why-method").value.trim() || "GET");
    for (const line of byId("why-headers").value.split("\n")) {
      if (line.trim()) query.append("header", line.trim());
    }
  } else query.set("request", text);
  replace(place);
  const answer = await get(`/api/v1/why?${query}`);
  replace(place, ...(answer.id ? past(answer) : would(answer)));
  return "stay";
}

function past(one) {
  const parts = [
    terms([
      [say("time"), time(one.time)],
      [say("request"), `${one.method} ${one.host}${one.target} ${one.protocol}`],
      [say("client"), one.client],
      [say("status"), String(one.status)],
      [say("error"), one.error && el("span", { lang: "en" }, one.error)],
      [say("route"), one.route],
      [say("upstream"), one.upstream],
      [say("duration"), times(one)],
      [say("bytes"), `${bytes(one.bytes_in)}, ${bytes(one.bytes_out)}`],
      [say("cache"), cache(one.cache)],
      [say("varies_by"), one.cache?.varies_by?.join(", ")],
      [say("not_stored"), reason(one.cache?.not_stored)],
      [say("id"), el("code", {}, one.id)],
    ]),
  ];
  if (one.attempts?.length) {
    const heading = ["attempt", "server", "outcome", "after", "took", "error"].map((name) => say(name));
    const rows = one.attempts.map((attempt, index) => [
      String(index + 1),
      el("code", {}, attempt.backend ?? "–"),
      attempt.outcome ?? "–",
      { cell: millis(attempt.after_ms), kind: "number" },
      { cell: millis(attempt.took_ms), kind: "number" },
      el("span", { lang: "en" }, attempt.error ?? ""),
    ]);
    parts.push(table(say("attempt"), heading, rows));
  }
  return parts;
}

function times(one) {
  const parts = Object.keys(PHASES)
    .filter((name) => one.stages?.[`${name}_ms`] !== undefined)
    .map((name) => `${say(`stage_${name}`)} ${millis(one.stages[`${name}_ms`])}`);
  return `${millis(one.duration_ms)} (${parts.join(", ")})`;
}

function cache(told) {
  if (!told) return null;
  const ttl = told.ttl === null || told.ttl === undefined ? [] : [` (ttl ${told.ttl} s)`];
  return [el("strong", {}, told.result ?? ""), ...ttl, ...(told.why ? [" · ", reason(told)] : [])];
}

function reason(told) {
  if (!told) return null;
  return el("span", { lang: "en" }, told.why, told.clause ? el("small", {}, ` ${told.clause}`) : null);
}

/** What would become of a request that was not sent. */
function would(told) {
  const heading = ["server", "state", "weight", "in_flight", "score"].map((name) => say(name));
  const pick = told.pick;
  const rows = (pick?.candidates ?? []).map((one) => [
    [el("code", {}, one.server), one.chosen ? el("strong", {}, ` ← ${say("chosen")}`) : null],
    word(one.state ?? "–"),
    { cell: String(one.weight ?? ""), kind: "number" },
    { cell: String(one.in_flight ?? ""), kind: "number" },
    { cell: one.score === null || one.score === undefined ? "–" : String(one.score), kind: "number" },
  ]);
  const routes = (told.routes ?? []).map((one) => [
    el("code", {}, one.route),
    one.matches ? el("strong", {}, say("matches")) : el("span", { lang: "en" }, one.why ?? ""),
  ]);
  return [
    terms([
      [say("request"), `${told.request?.method ?? ""} ${told.request?.url ?? ""}`],
      [say("route"), told.route],
      [say("guard"), told.guard?.passes ? say("passes") : told.guard && el("span", { lang: "en" }, `${told.guard.status} ${told.guard.why}`)],
      [say("cache"), cache(told.cache)],
      [say("varies_by"), told.cache?.varies_by?.join(", ")],
      [say("upstream"), pick && `${pick.upstream}: ${pick.policy}`],
    ]),
    ...(rows.length ? [table(say("candidates"), heading, rows)] : []),
    ...(routes.length ? [table(say("routes"), [say("route"), say("why_title")], routes)] : []),
  ];
}
