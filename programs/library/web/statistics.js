// The library in numbers and pictures: of one's own things, for admins of all.

import { ask, byId, element } from "./api.js";
import { bytes, number, say } from "./words.js";

const CHARTS = ["traffic", "transfers", "kinds"];

/** Shows them as they are now. */
export async function showStatistics() {
  const { items, transfers, traffic, users, replica } = await ask("GET", "stats");
  const pairs = [
    ["items", number(items.count)],
    ["usage", bytes(items.bytes)],
    ["number_damaged", items.damaged ? number(items.damaged) : null],
    ["transfer_transferring", number(transfers.transferring)],
    ["transfer_disconnected", number(transfers.disconnected)],
    ["transfer_complete", number(transfers.complete)],
    ["transfer_failed", number(transfers.failed)],
    ["number_uploaded", bytes(traffic.uploaded)],
    ["number_downloaded", bytes(traffic.downloaded)],
    ["users", users && say("number_online", { count: number(users.count), online: number(users.online) })],
    ["number_queued", replica && number(replica.queued)],
  ].filter(([, value]) => value !== null && value !== undefined);
  byId("numbers").replaceChildren(
    ...pairs.flatMap(([name, value]) => [element("dt", {}, say(name)), element("dd", {}, value)]),
  );
  const picture = (name) =>
    element("img", {
      src: `api/stats/charts/${name}?lang=${document.documentElement.lang}`,
      alt: say(`chart_${name}`),
      width: 640,
    });
  byId("charts").replaceChildren(...CHARTS.map(picture));
}
