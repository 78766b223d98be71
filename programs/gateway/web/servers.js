// Upstreams with their servers, and services with their replicas: state, why, since, and what an
// operator can do about it.

import { post } from "./api.js";
import { confirm, tell } from "./dialogs.js";
import { el, replace, table } from "./dom.js";
import { bytes, count, say, time, word } from "./words.js";

const FAILURES = ["unreachable", "timed_out", "failed"];
const byId = (id) => document.getElementById(id);

/** A state in word, shape and colour, with why and since when below. */
export function stateOf(state, why, since) {
  const pill = el("span", { class: `pill ${state}` }, word(state));
  const more = [why, since ? say("since", { time: time(since) }) : null].filter(Boolean);
  return more.length ? [pill, el("small", { class: "why" }, more.join(", "))] : [pill];
}

/** A small button; many say the same word, so what it is about is said to who cannot see the row. */
function button(key, text, onclick, about) {
  const label = `${text} ${about}`;
  return el("button", { type: "button", class: "small", "data-key": key, "aria-label": label, onclick }, text);
}

export function showUpstreams(upstreams, again) {
  const parts = upstreams.map((upstream) => {
    const heading = ["server", "state", "in_flight", "asked", "failed", "actions"].map((name) => say(name));
    const rows = upstream.backends.map((backend) => row(upstream.name, backend, again));
    const { waiting, limit } = upstream.queue ?? {};
    const words = upstream.queue ? ` ${say("waiting", { count: count(waiting), limit: count(limit) })}` : null;
    const queue = words ? el("small", {}, words) : null;
    return el("section", { class: "group" }, el("h3", {}, upstream.name, queue), table(upstream.name, heading, rows));
  });
  replace(byId("upstreams"), ...(parts.length ? parts : [el("p", { class: "empty" }, say("no_upstreams"))]));
}

function row(upstream, backend, again) {
  const failed = FAILURES.reduce((total, name) => total + (backend.attempts?.[name] ?? 0), 0);
  const server = backend.address;
  const drains = backend.state === "draining";
  const why = backend.circuit === "half-open" ? say("tried_again") : backend.why;
  const limit = backend.limit ?? null;
  const busy = limit === null ? count(backend.in_flight) : `${count(backend.in_flight)} / ${count(limit)}`;
  const verb = drains ? "undrain" : "drain";
  const act = () => post(`/api/v1/${verb}`, { upstream, server });
  const ask = () =>
    confirm({
      title: say(`${verb}_title`, { server }),
      text: say(`${verb}_text`),
      yes: say(verb),
      act,
      done: () => {
        tell(say(`${verb}ed`, { server }));
        again();
      },
    });
  return [
    el("code", {}, server),
    { cell: stateOf(backend.state, why, backend.since), kind: "state" },
    { cell: busy, kind: "number" },
    { cell: count(backend.requests), kind: "number" },
    { cell: count(failed), kind: failed ? "number bad" : "number" },
    { cell: button(`${verb} ${upstream} ${server}`, say(verb), ask, server), kind: "does" },
  ];
}

export function showServices({ services, gateway, operation }, again) {
  const section = byId("services-section");
  section.hidden = !services?.length;
  if (section.hidden) return;
  const told = operationOf(operation);
  const groups = services.map((service) => group(service, again));
  replace(byId("services"), ...(told ? [told] : []), ...groups, ...(gateway ? [own(gateway, again)] : []));
}

function group(service, again) {
  const { name, replicas, processes = [] } = service;
  const scale = () =>
    confirm({
      title: say("scale_title", { name }),
      text: say("scale_text"),
      yes: say("scale"),
      number: replicas,
      act: (wanted) => post("/api/v1/scale", { service: name, replicas: wanted }).then(() => wanted),
      done: (wanted) => {
        tell(say("scaled", { name, count: wanted }));
        again();
      },
    });
  return el(
    "section",
    { class: "group" },
    el("h3", {}, name, el("small", {}, ` ${say("replica_count", { count: count(replicas) })}`)),
    el(
      "p",
      { class: "buttons" },
      button(`scale ${name}`, say("scale"), scale, name),
      button(`restart ${name}`, say("restart"), () => restart({ service: name }, name, "restart_text", again), name),
    ),
    table_of(name, processes.map((process) => of_process(process, again))),
  );
}

/** The gateway itself, which another process of it can take the place of. */
function own(gateway, again) {
  const { name } = gateway;
  const act = () => restart({ service: name }, name, "restart_gateway_text", again);
  return el("section", { class: "group" }, el("h3", {}, name), table_of(name, [of_process(gateway, again, act)]));
}

function table_of(name, rows) {
  const heading = ["replica", "process_id", "address", "state", "memory", "restarts", "actions"].map((one) => say(one));
  return table(name, heading, rows);
}

function of_process(process, again, act) {
  const { name, pid, memory_bytes: memory } = process;
  const why = process.why ?? process.last_exit?.how;
  const replace = act ?? (() => restart({ replica: name }, name, "restart_one_text", again));
  return [
    el("code", {}, name),
    { cell: pid ?? "–", kind: "number" },
    el("code", {}, (process.addresses ?? []).join(", ")),
    { cell: stateOf(process.state, why, process.since), kind: "state" },
    { cell: memory === null || memory === undefined ? "–" : bytes(memory), kind: "number" },
    { cell: count(process.restarts), kind: "number" },
    { cell: button(`restart ${name}`, say("restart"), replace, name), kind: "does" },
  ];
}

/** What is being changed about services, or why the last change failed. */
function operationOf(operation) {
  if (!operation || operation.state === "done") return null;
  const text = [operation.what, operation.why ?? operation.step].filter(Boolean).join(": ");
  return el("p", { class: operation.state === "failed" ? "alarm" : "empty", lang: "en" }, text);
}

function restart(what, name, text, again) {
  confirm({
    title: say("restart_title", { name }),
    text: say(text),
    yes: say("restart"),
    act: () => post("/api/v1/restart", what),
    done: () => {
      tell(say("restarted", { name }));
      again();
    },
  });
}
