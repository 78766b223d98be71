// The dialogs: a question before anything changes, a purge, a token.

import { post, token, useToken } from "./api.js";
import { say } from "./words.js";

const byId = (id) => document.getElementById(id);
const said = byId("said");

/** Tells what was done, for eyes and ears. */
export function tell(text) {
  said.textContent = text;
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => (said.textContent = ""), 8000);
}

/** Shows a dialog whose strong button runs `act`; it closes when that succeeds, and says what was
 * refused when not. */
function open(dialog, act, done) {
  const form = dialog.querySelector("form");
  const problem = dialog.querySelector(".problem");
  const yes = dialog.querySelector("button.strong");
  problem.textContent = "";
  form.onsubmit = async (event) => {
    if (event.submitter !== yes) return;
    event.preventDefault();
    problem.textContent = "";
    yes.disabled = true;
    try {
      const answer = await act();
      if (answer !== "stay") dialog.close();
      done?.(answer);
    } catch (refused) {
      const lines = refused.mistakes?.map((one) => `${one.field ?? one.line ?? ""} ${one.message ?? ""}`.trim());
      problem.textContent = lines?.length > 1 ? lines.join("\n") : words_of(refused);
    } finally {
      yes.disabled = false;
    }
  };
  if (!dialog.open) dialog.showModal();
}

function words_of(refused) {
  const unreachable = refused instanceof TypeError || refused.name === "TimeoutError";
  return unreachable ? say("unreachable") : refused.message;
}

/** Asks before something is done. With `number` a count is asked for too, and given to `act`. */
export function confirm({ title, text, yes, act, done, number }) {
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-yes").textContent = yes;
  const field = byId("confirm-number");
  byId("confirm-field").hidden = number === undefined;
  field.required = number !== undefined;
  field.value = number ?? "";
  open(byId("confirm"), () => act(Number(field.value)), done);
}

export function askPurge() {
  const dialog = byId("purge");
  const value = byId("purge-value");
  const kind = () => dialog.querySelector("[name=kind]:checked").value;
  const examples = { url: "http://example.org/page", prefix: "http://example.org/img/", tag: "product-17" };
  const changed = () => {
    byId("purge-label").textContent = say(`purge_${kind()}`);
    value.parentElement.hidden = kind() === "all";
    value.required = kind() !== "all";
    value.placeholder = examples[kind()] ?? "";
  };
  dialog.querySelectorAll("[name=kind]").forEach((radio) => (radio.onchange = changed));
  changed();
  const act = () =>
    post("/api/v1/purge", {
      [kind()]: kind() === "all" ? true : value.value.trim(),
      soft: byId("purge-soft").checked,
    });
  open(dialog, act, (answer) => tell(say(answer.durable ? "purged" : "purged_not_durable")));
}

export { open as openDialog };

let asking = false;

/** Asks for the token; once at a time. */
export function askToken(again) {
  if (asking) return;
  asking = true;
  const dialog = byId("login");
  const field = byId("token");
  const wrong = token() !== null;
  useToken(null);
  field.value = "";
  dialog.onclose = () => (asking = false);
  // Without it nothing can be shown: Escape does not close it.
  dialog.oncancel = (event) => event.preventDefault();
  open(dialog, async () => useToken(field.value.trim()), again);
  dialog.querySelector(".problem").textContent = wrong ? say("wrong_token") : "";
}
