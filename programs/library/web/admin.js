// For admins: reports, and who there is.

import { ask, byId, table } from "./api.js";
import { complain } from "./library.js";
import { money, momentOf, say } from "./words.js";

const day = (date) => date.toISOString().slice(0, 10);
const shown = (value) => (value && typeof value === "object" ? money(value) : value);

/** Shows users, and this month. */
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
}

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
