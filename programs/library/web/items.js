// The catalogue: a list that is searched and filtered by the server, and one item of it.

import { ask, byId, element } from "./api.js";
import { complain } from "./library.js";
import { bytes, duration, momentOf, say, sayIfAny } from "./words.js";

let next = null;
let shown = null;

const content = (item) => `api/items/${encodeURIComponent(item.id)}/content`;
const kindOf = (item) => sayIfAny(`kind_${item.kind}`, item.kind);

function line(item) {
  const about = [kindOf(item), bytes(item.size), momentOf(item.created)].join(" · ");
  const link = element("a", { className: "name", href: `#item/${item.id}` }, item.title);
  return element("li", {}, link, element("span", { className: "about" }, about));
}

async function page(cursor) {
  const { query, kind } = byId("search").elements;
  const asked = new URLSearchParams({ limit: "50", sort: "-created" });
  if (query.value.trim()) asked.set("query", query.value.trim());
  if (kind.value) asked.set("kind", kind.value);
  if (cursor) asked.set("cursor", cursor);
  const answer = await ask("GET", `items?${asked}`);
  next = answer.next;
  byId("more").hidden = !next;
  return answer.items.map(line);
}

/** Shows the list from its beginning. */
export async function showItems() {
  const lines = await page(null);
  byId("list").replaceChildren(...lines);
  byId("none").hidden = lines.length > 0;
}

byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  showItems().catch(complain);
});
byId("kind").addEventListener("change", () => showItems().catch(complain));
byId("more").addEventListener("click", async () => {
  try {
    byId("list").append(...(await page(next)));
  } catch (error) {
    complain(error);
  }
});

function preview(item) {
  const src = content(item);
  switch (item.kind) {
    case "image":
      return [element("img", { src, alt: item.title, loading: "lazy" })];
    case "video":
      return [element("video", { src, controls: true, preload: "metadata" })];
    case "audio":
      return [element("audio", { src, controls: true, preload: "metadata" })];
    default:
      return [];
  }
}

/** Shows one item; its owner and admins may change it. */
export async function showItem(id, me) {
  const item = await ask("GET", `items/${encodeURIComponent(id)}`);
  shown = item;
  byId("own").hidden = !me || (me.id !== item.owner.id && me.role !== "admin");
  byId("visibility").value = item.visibility;
  byId("item-heading").textContent = item.title;
  byId("item-description").textContent = item.description ?? "";
  byId("preview").replaceChildren(...preview(item));
  const facts = [
    ["kind", kindOf(item)],
    ["fact_type", item.media_type],
    ["fact_size", bytes(item.size)],
    ["fact_length", item.length === null ? null : duration(item.length)],
    ["fact_folder", item.folder],
    ["fact_classification", item.classification],
    ["fact_tags", (item.tags ?? []).join(", ")],
    ["fact_visibility", sayIfAny(`visibility_${item.visibility}`, item.visibility)],
    ["fact_created", momentOf(item.created)],
    ["fact_sha256", item.sha256],
    ["fact_damaged", item.damaged && momentOf(item.damaged)],
  ].filter(([, value]) => value);
  const pairs = facts.flatMap(([name, value]) => [
    element("dt", {}, say(name)),
    element("dd", {}, String(value)),
  ]);
  byId("facts").replaceChildren(...pairs);
  byId("download").href = content(item);
}

byId("own").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const change = { visibility: byId("visibility").value };
    await ask("PATCH", `items/${encodeURIComponent(shown.id)}`, change);
    await showItem(shown.id, await ask("GET", "users/me"));
  } catch (error) {
    complain(error);
  }
});
byId("delete").addEventListener("click", async () => {
  if (!confirm(say("delete_sure", { title: shown.title }))) return;
  try {
    await ask("DELETE", `items/${encodeURIComponent(shown.id)}`);
    location.hash = "#items";
  } catch (error) {
    complain(error);
  }
});
