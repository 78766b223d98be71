// The console: asks the admin API again and again while it is looked at, and shows what it told.

import { Refused, get, post, token, useToken } from "./api.js";
import { addSamples, drawCharts, lastTime, makeCharts, showSeconds } from "./charts.js";
import { askPurge, askToken, confirm, tell } from "./dialogs.js";
import { showFigures } from "./figures.js";
import { showRequests, which } from "./requests.js";
import { alarmsOf, showAlarms, showLost, showRest, showTop } from "./rest.js";
import { showServices, showUpstreams } from "./servers.js";
import { showWhy } from "./why.js";
import { say } from "./words.js";

const byId = (id) => document.getElementById(id);
const RATES_MS = 1000;
const STATUS_MS = 2000;
const FIGURES_MS = 5000;
const SHOWN = 25;

let heard = Date.now();

/** Does something again and again, one at a time, while the page is looked at. */
function again_and_again(every, act) {
  let timer = null;
  let running = false;
  const run = async () => {
    clearTimeout(timer);
    if (running || document.hidden) return;
    running = true;
    try {
      await act();
      heard = Date.now();
    } catch (error) {
      failed(error);
    }
    running = false;
    timer = setTimeout(run, every);
  };
  document.addEventListener("visibilitychange", run);
  run();
  return run;
}

function failed(error) {
  if (error instanceof Refused && error.status === 401) askToken(ask_all);
  else showLost(heard);
}

async function rates() {
  const { samples } = await get(`/api/v1/series?after=${lastTime()}`);
  addSamples(samples);
  drawCharts();
}

async function status() {
  const told = await get("/api/v1/status");
  byId("do-logout").hidden = token() === null;
  showTop(told);
  showAlarms(alarmsOf(told));
  showUpstreams(told.upstreams, ask_status);
  showServices(told, ask_status);
  showRest(told);
}

async function requests() {
  if (byId("hold").checked) return;
  const errors = which() === "errors" ? "&errors=true" : "";
  const told = await get(`/api/v1/requests?limit=${SHOWN}${errors}`);
  if (!byId("hold").checked) showRequests(told.requests);
}

async function figures() {
  showFigures(await get("/api/v1/figures"));
}

/** What a reload changed, in one sentence. */
function reloaded({ changed, changes = [], restart = [] }) {
  const names = (list) => list.map((one) => `${one.what} ${one.name} ${one.change}`).join(", ");
  const now = changed ? say("reloaded", { what: names(changes) }) : say("reloaded_nothing");
  return restart.length ? `${now} ${say("reloaded_later", { what: names(restart) })}` : now;
}

makeCharts(byId("charts"));
const ask_rates = again_and_again(RATES_MS, rates);
const ask_status = again_and_again(STATUS_MS, status);
const ask_requests = again_and_again(STATUS_MS, requests);
const ask_figures = again_and_again(FIGURES_MS, figures);
function ask_all() {
  for (const ask of [ask_status, ask_rates, ask_requests, ask_figures]) ask();
}

document.querySelectorAll("[name=span]").forEach((radio) => {
  radio.addEventListener("change", () => showSeconds(Number(radio.value)));
});
document.querySelectorAll("[name=which]").forEach((radio) => {
  radio.addEventListener("change", () => {
    byId("hold").checked = false;
    ask_requests();
  });
});
byId("hold").addEventListener("change", ask_requests);
byId("do-why").addEventListener("click", () => showWhy(null));
byId("do-purge").addEventListener("click", askPurge);
byId("do-logout").addEventListener("click", () => {
  useToken(null);
  location.reload();
});
byId("do-reload").addEventListener("click", () =>
  confirm({
    title: say("reload_title"),
    text: say("reload_text"),
    yes: say("reload_button").replace("…", ""),
    act: () => post("/api/v1/reload", {}),
    done: (answer) => {
      tell(reloaded(answer));
      ask_status();
    },
  }));
