// The page: which view is shown, and who one is.

import { Refused, ask, byId } from "./api.js";
import { showAdmin } from "./admin.js";
import { showItem, showItems } from "./items.js";
import { showPlans } from "./plans.js";
import { showStatistics } from "./statistics.js";
import { showTransfers } from "./transfers.js";
import { listUnfinished } from "./uploads.js";
import "./there.js";
import { say, sayWhy } from "./words.js";

let me = null;
let leaveView = () => {};

/** Shows why something was not done. */
export function complain(error) {
  if (!(error instanceof Refused)) throw error;
  byId("trouble").textContent = sayWhy(error.problem);
}

async function learnWhoIAm() {
  try {
    me = await ask("GET", "users/me");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    me = null;
    if (error.problem.status !== 401) complain(error);
  }
  for (const one of document.querySelectorAll("[data-for]")) {
    const { for: whom } = one.dataset;
    one.hidden = !me || (whom === "admin" && me.role !== "admin");
  }
  byId("enter").hidden = Boolean(me);
  byId("inside").hidden = !me;
  byId("me").textContent = me ? say("signed_in", { name: me.name, email: me.email }) : "";
}

const views = {
  items: () => showItems(),
  item: (id) => showItem(id, me),
  transfers: () => showTransfers(me),
  statistics: () => showStatistics(),
  plans: () => showPlans(me),
  admin: () => showAdmin(),
  account: () => {},
};

async function show() {
  leaveView();
  leaveView = () => {};
  byId("trouble").textContent = "";
  // The provider's page sends its visitor back with the payment's id.
  const back = new URLSearchParams(location.search);
  const start = back.has("payment") || back.has("cancelled") ? "plans" : "items";
  const [name, id] = (location.hash.slice(1) || start).split("/");
  const view = name in views ? name : "items";
  for (const one of document.querySelectorAll("main > section")) one.hidden = one.id !== view;
  for (const one of document.querySelectorAll("#views a")) {
    const isHere = one.dataset.view === view || (view === "item" && one.dataset.view === "items");
    if (isHere) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
  try {
    const leave = await views[view](id);
    if (typeof leave === "function") leaveView = leave;
  } catch (error) {
    complain(error);
  }
}

byId("enter").addEventListener("change", () => {
  const registers = byId("enter").elements.what.value === "register";
  byId("name-field").hidden = !registers;
  byId("name").required = registers;
  byId("password").autocomplete = registers ? "new-password" : "current-password";
  byId("enter-button").textContent = say(registers ? "register" : "log_in");
});

byId("enter").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("trouble").textContent = "";
  const { what, email, password, name } = byId("enter").elements;
  try {
    const who = { email: email.value, password: password.value };
    if (what.value === "register") await ask("POST", "users", { ...who, name: name.value });
    await ask("POST", "sessions", { ...who, cookie: true });
    password.value = "";
    await learnWhoIAm();
    listUnfinished().catch(complain);
    location.hash = "#items";
  } catch (error) {
    complain(error);
  }
});

byId("leave").addEventListener("click", async () => {
  try {
    await ask("DELETE", "sessions");
    await learnWhoIAm();
  } catch (error) {
    complain(error);
  }
});

byId("change").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("trouble").textContent = "";
  byId("changed").textContent = "";
  const { old, password } = byId("change").elements;
  try {
    await ask("PATCH", "users/me", { old_password: old.value, password: password.value });
    byId("change").reset();
    byId("changed").textContent = say("password_changed");
  } catch (error) {
    complain(error);
  }
});

addEventListener("hashchange", async () => {
  await show();
  byId("main").focus();
});

await learnWhoIAm();
if (me) listUnfinished().catch(complain);
await show();
