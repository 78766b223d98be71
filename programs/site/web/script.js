// Asks the gateway again and shows which replica answered. The page works without it: then
// "Ask again" is a plain form that loads the page anew.
"use strict";

const words = document.getElementById("words").dataset;
const status = document.getElementById("status");
const answers = document.getElementById("answers");
const tally = document.getElementById("tally");
const logbook = document.getElementById("logbook");
const once = document.getElementById("once");
const nine = document.getElementById("nine");
const packet = document.querySelector(".packet");
const lights = document.getElementById("lights");

const CHIPS = 18; // answers shown in the logbook
const PATIENCE_MS = 5000; // how long to wait for an answer
const PAUSE_MS = 260; // between two of nine questions, so that the eye can follow

// Where the lights stand on the island, in the order in which replicas are met. Further replicas
// are in the logbook, but not on the chart.
const PLACES = [[1072, 250], [1184, 250], [1130, 340], [1214, 336], [1046, 330], [1130, 208]];

const replicas = new Map(); // name → { count, light }
let asked = 0;
let busy = false;

function say(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// The replica that served the page has its light on the chart already.
const first = document.getElementById("replica").textContent;
replicas.set(first, { count: 0, light: lights.firstElementChild });

function lightFor(name) {
  const place = PLACES[replicas.size];
  if (!place) return null;
  const light = lights.firstElementChild.cloneNode(true);
  light.setAttribute("class", "light");
  light.setAttribute("transform", `translate(${place[0]} ${place[1]})`);
  light.querySelector("text").textContent = name;
  return lights.appendChild(light);
}

function show(name, milliseconds) {
  asked += 1;
  if (!replicas.has(name)) replicas.set(name, { count: 0, light: lightFor(name) });
  for (const other of replicas.values()) other.light?.classList.remove("lit");
  const replica = replicas.get(name);
  replica.count += 1;
  replica.light?.getBoundingClientRect(); // so that a light that was lit flashes again
  replica.light?.classList.add("lit");

  logbook.hidden = false;
  const chip = document.createElement("li");
  chip.textContent = name;
  answers.append(chip);
  if (answers.childElementCount > CHIPS) answers.firstElementChild.remove();
  showTally();
  status.textContent = say(words.answered, { n: asked, replica: name, ms: milliseconds });
}

function showTally() {
  const most = Math.max(...[...replicas.values()].map((replica) => replica.count));
  const answered = [...replicas].filter(([, { count }]) => count > 0);
  const rows = answered.flatMap(([name, { count }]) => {
    const term = document.createElement("dt");
    term.textContent = name;
    const value = document.createElement("dd");
    const bar = document.createElement("progress");
    bar.max = most;
    bar.value = count;
    bar.setAttribute("aria-hidden", "true");
    value.append(say(words.times, { count }), bar);
    return [term, value];
  });
  tally.replaceChildren(...rows);
}

async function ask() {
  packet.classList.remove("sent");
  packet.getBoundingClientRect();
  packet.classList.add("sent");
  const start = performance.now();
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch("/health", { cache: "no-store", signal });
    const replica = response.headers.get("x-replica");
    await response.arrayBuffer();
    if (!response.ok || !replica) throw new Error(`HTTP ${response.status}`);
    show(replica, Math.max(1, Math.round(performance.now() - start)));
    return true;
  } catch (error) {
    status.textContent = say(words.failed, { why: error.message });
    return false;
  }
}

async function askTimes(times) {
  if (busy) return;
  busy = true;
  for (const button of [once, nine]) button.setAttribute("aria-disabled", "true");
  status.textContent = words.asking;
  for (let turn = 0; turn < times; turn += 1) {
    if (turn > 0) await new Promise((done) => setTimeout(done, PAUSE_MS));
    if (!(await ask())) break;
  }
  for (const button of [once, nine]) button.removeAttribute("aria-disabled");
  busy = false;
}

async function look(item) {
  const link = item.querySelector("a");
  const state = item.querySelector(".state");
  state.textContent = words.checking;
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(link.href, { method: "HEAD", cache: "no-store", signal });
    if (response.ok) {
      item.classList.add("open");
      state.textContent = words.open;
    } else if (response.status === 404) {
      state.textContent = words.absent;
      link.removeAttribute("href"); // there is nothing to follow it to
    } else {
      state.textContent = words.silent;
    }
  } catch {
    state.textContent = words.silent;
  }
}

once.closest("form").addEventListener("submit", (event) => {
  event.preventDefault();
  askTimes(1);
});
nine.hidden = false;
nine.addEventListener("click", () => askTimes(9));
document.getElementById("origin").textContent = location.origin;
document.querySelectorAll(".services li").forEach(look);
