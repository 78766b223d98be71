// For admins: reports, plans, and who there is.

import { ask, byId, element, table } from "./api.js";
import { complain } from "./library.js";
import { money, momentOf, say } from "./words.js";

const day = (date) => date.toISOString().slice(0, 10);
const shown = (value) => (value && typeof value === "object" ? money(value) : value);

const GIB = 1024 ** 3;
let plans = [];

/** Fills the form in with a plan as it is. */
function fillPlan() {
  const plan = plans.find((one) => one.id === byId("plan-id").value);
  if (!plan) return;
  byId("plan-title").value = plan.title;
  byId("plan-amount").value = plan.price.amount / 100;
  byId("plan-storage").value = plan.storage / GIB;
  byId("plan-transfer").value = plan.transfer / GIB;
  byId("plan-transfers").value = plan.transfers;
  byId("plan-access").checked = plan.access > 0;
}

async function showPlanForm() {
  const before = byId("plan-id").value;
  plans = (await ask("GET", "plans")).items;
  const option = (plan) => element("option", { value: plan.id }, plan.title);
  byId("plan-id").replaceChildren(...plans.map(option));
  if (before) byId("plan-id").value = before;
  fillPlan();
}

/** Shows users, plans, and this month. */
export async function showAdmin() {
  const now = new Date();
  byId("from").value ||= day(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1)));
  byId("to").value ||= day(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)));
  const { items } = await ask("GET", "users?limit=200");
  const columns = [
    [say("name"), (user) => user.name],
    [say("email"), (user) => user.email],
    [say("role"), (user) => user.role],
    [say("since"), (user) => momentOf(user.created)],
  ];
  table(byId("user-table"), columns, items);
  await showPlanForm();
}

byId("plan-id").addEventListener("change", () => {
  byId("plan-saved").textContent = "";
  fillPlan();
});

byId("plan-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("trouble").textContent = "";
  byId("plan-saved").textContent = "";
  const plan = plans.find((one) => one.id === byId("plan-id").value);
  const access = byId("plan-access").checked;
  try {
    await ask("PATCH", `plans/${plan.id}`, {
      title: byId("plan-title").value,
      amount: Math.round(byId("plan-amount").valueAsNumber * 100),
      storage: Math.round(byId("plan-storage").valueAsNumber * GIB),
      transfer: Math.round(byId("plan-transfer").valueAsNumber * GIB),
      transfers: byId("plan-transfers").valueAsNumber,
      // A plan's own number stays while it is only looked at.
      access: access === plan.access > 0 ? plan.access : Number(access),
    });
    await showPlanForm();
    byId("plan-saved").textContent = say("saved");
  } catch (error) {
    complain(error);
  }
});

byId("report").addEventListener("submit", async (event) => {
  event.preventDefault();
  const format = event.submitter?.value ?? "json";
  const asked = new URLSearchParams({ from: byId("from").value, to: byId("to").value, format });
  const path = `reports/${byId("report-kind").value}?${asked}`;
  if (format !== "json") {
    location.assign(`api/${path}`);
    return;
  }
  try {
    const { items } = await ask("GET", path);
    const names = Object.keys(items[0] ?? {}).filter((name) => name !== "user" && name !== "payment");
    const columns = names.map((name) => [name.replaceAll("_", " "), (row) => shown(row[name])]);
    table(byId("report-table"), columns.length ? columns : [[say("report_none"), () => ""]], items);
  } catch (error) {
    complain(error);
  }
});
