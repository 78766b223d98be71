// Rates over time as pictures: one for requests, errors, latency and hits of the cache.

import { el, svg } from "./dom.js";
import { compact, millis, percent, say, time } from "./words.js";

const WIDTH = 600;
const HEIGHT = 130;
const KEPT = 900;

const ratio = (part, whole) => (whole > 0 ? part / whole : null);
const PICTURES = [
  {
    name: "rate",
    show: (value) => compact(value) + say("per_second"),
    lines: [{ of: (one) => one.requests / one.seconds, kind: "main" }],
    now: (recent) => sum(recent, "requests") / (sum(recent, "seconds") || 1),
  },
  {
    name: "errors",
    show: percent,
    most: 0.01,
    lines: [{ of: (one) => ratio(one.server_errors, one.requests), kind: "bad" }],
    now: (recent) => ratio(sum(recent, "server_errors"), sum(recent, "requests")),
  },
  {
    name: "latency",
    show: millis,
    lines: [
      { of: (one) => one.p99_ms, kind: "third", label: "p99" },
      { of: (one) => one.p95_ms, kind: "second", label: "p95" },
      { of: (one) => one.p50_ms, kind: "main", label: "p50" },
    ],
    now: (recent) => recent.findLast((one) => one.p50_ms !== null)?.p50_ms ?? null,
  },
  {
    name: "hit_ratio",
    show: percent,
    most: 1,
    lines: [{ of: (one) => ratio(one.cache_hits, one.cache_asked), kind: "good" }],
    now: (recent) => ratio(sum(recent, "cache_hits"), sum(recent, "cache_asked")),
  },
];

const samples = [];
let seconds = 300;

export const lastTime = () => samples.at(-1)?.time_ms ?? 0;

export function addSamples(more) {
  samples.push(...more);
  samples.splice(0, Math.max(0, samples.length - KEPT));
}

export function showSeconds(count) {
  seconds = count;
  drawCharts();
}

/** Makes the frames once; `drawCharts` fills them. */
export function makeCharts(place) {
  place.replaceChildren(...PICTURES.map((picture) => frame(picture)));
}

export function drawCharts() {
  const end = lastTime();
  const shown = samples.filter((one) => one.time_ms > end - seconds * 1000);
  for (const picture of PICTURES) draw(picture, shown, end);
}

function frame(picture) {
  picture.value = el("span", { class: "value" });
  picture.detail = el("span", { class: "detail" });
  picture.scale = el("span", { class: "scale", "aria-hidden": "true" });
  picture.drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", preserveAspectRatio: "none" });
  picture.drawing.addEventListener("pointermove", (event) => point(picture, event));
  picture.drawing.addEventListener("pointerleave", () => point(picture, null));
  const heading = el("figcaption", {}, el("span", { class: "name" }, say(picture.name)), picture.value);
  return el("figure", { class: "chart" }, heading, picture.scale, picture.drawing, picture.detail);
}

function draw(picture, shown, end) {
  const series = picture.lines.map((line) => ({ ...line, values: shown.map(line.of) }));
  const known = series.flatMap((line) => line.values).filter((value) => value !== null);
  const most = Math.max(picture.most ?? 0, ...known, 1e-9);
  const top = nice(most);
  const x = (index) => WIDTH - ((end - shown[index].time_ms) / (seconds * 1000)) * WIDTH;
  const y = (value) => HEIGHT - (value / top) * (HEIGHT - 8);
  picture.shown = shown;
  picture.x = x;
  const paths = series.flatMap((line) => paths_of(line, x, y));
  const grid = [0.5, 1].map((part) =>
    svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: y(top * part), y2: y(top * part) }));
  picture.mark = svg("line", { class: "mark", y1: 0, y2: HEIGHT, visibility: "hidden" });
  picture.drawing.replaceChildren(...grid, ...paths, picture.mark);
  picture.scale.textContent = known.length ? picture.show(top) : "";
  const now = shown.length ? picture.now(shown.slice(-5)) : null;
  picture.value.textContent = now === null ? "–" : picture.show(now);
  picture.summary = known.length ? say("at_most", { value: picture.show(Math.max(...known)) }) : say("no_data");
  if (!picture.pointed) picture.detail.textContent = picture.summary;
  const told = now === null ? say("no_data") : say("now", { value: picture.show(now) });
  picture.drawing.setAttribute("aria-label", `${say(picture.name)}: ${told}; ${picture.summary}`);
}

/** The line of one series, broken where nothing is known, with the area below. */
function paths_of(line, x, y) {
  const runs = [];
  let run = null;
  line.values.forEach((value, index) => {
    if (value === null) run = null;
    else {
      if (!run) runs.push((run = []));
      run.push([x(index), y(value)]);
    }
  });
  return runs.flatMap((points) => {
    // One second alone would be a point without length.
    const all = points.length === 1 ? [[points[0][0] - 2, points[0][1]], ...points] : points;
    const text = all.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join("L");
    const area = `M${all[0][0].toFixed(1)} ${HEIGHT}L${text}L${all.at(-1)[0].toFixed(1)} ${HEIGHT}z`;
    return [svg("path", { class: `area ${line.kind}`, d: area }), svg("path", { class: `line ${line.kind}`, d: `M${text}` })];
  });
}

/** Tells the values of the second that is pointed at. */
function point(picture, event) {
  picture.pointed = event !== null && picture.shown?.length > 0;
  picture.mark?.setAttribute("visibility", picture.pointed ? "visible" : "hidden");
  if (!picture.pointed) {
    picture.detail.textContent = picture.summary ?? "";
    return;
  }
  const box = picture.drawing.getBoundingClientRect();
  const at = ((event.clientX - box.left) / box.width) * WIDTH;
  const distances = picture.shown.map((_, index) => Math.abs(picture.x(index) - at));
  const index = distances.indexOf(Math.min(...distances));
  const one = picture.shown[index];
  for (const name of ["x1", "x2"]) picture.mark.setAttribute(name, picture.x(index));
  const values = picture.lines.toReversed().map((line) => {
    const value = line.of(one);
    return `${line.label ? `${line.label} ` : ""}${value === null ? "–" : picture.show(value)}`;
  });
  picture.detail.textContent = `${time(one.time_ms)}: ${values.join(", ")}`;
}

function sum(list, name) {
  return list.reduce((total, one) => total + (one[name] ?? 0), 0);
}

/** The next round number: 1, 2 or 5 and zeros. */
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999);
}
