// Plans, what one has of them, and what is to be paid.

import { ask, byId, element } from "./api.js";
import { complain } from "./library.js";
import { bytes, dayOf, money, say } from "./words.js";

const key = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

function card(plan, mine, me) {
  const isMine = mine === plan.id;
  const lines = [
    say("plan_storage", { bytes: bytes(plan.storage) }),
    say("plan_transfer", { bytes: bytes(plan.transfer) }),
    say("plan_transfers", { count: plan.transfers }),
  ];
  const price = plan.price.amount ? say("plan_price", { price: money(plan.price) }) : say("plan_free");
  const made = element(
    "li",
    {},
    element("strong", {}, plan.title),
    element("span", { className: "price" }, price),
    ...lines.map((text) => element("span", {}, text)),
  );
  if (isMine) made.setAttribute("aria-current", "true");
  if (me && !isMine && plan.price.amount) {
    const choose = element("button", { type: "button", className: "primary" }, say("choose", { plan: plan.title }));
    // The same wish has the same key, however often it is sent.
    const wish = key();
    choose.addEventListener("click", async () => {
      choose.disabled = true;
      try {
        const made = await ask("POST", "subscriptions", { plan: plan.id }, { "Idempotency-Key": wish });
        if (made.payment?.checkout) location.assign(made.payment.checkout);
        else await showPlans(me);
      } catch (error) {
        choose.disabled = false;
        complain(error);
      }
    });
    made.append(choose);
  }
  return made;
}

function tell(live) {
  byId("pay").hidden = !live?.payment?.checkout;
  byId("pay").href = live?.payment?.checkout ?? "";
  byId("cancel").hidden = !live || live.cancel_at_end;
  if (!live) return "";
  const values = { plan: live.plan, day: dayOf(live.period.end), next: live.next_plan ?? "" };
  if (live.state === "pending") return say("plan_pending", values);
  if (live.state === "past_due") return say("plan_past_due", values);
  if (live.cancel_at_end) return say("plan_ends", values);
  return say(live.next_plan ? "plan_changes" : "plan_renews", values);
}

/** Shows the plans; for who is logged in, with what they have. */
export async function showPlans(me) {
  const { items: plans } = await ask("GET", "plans");
  const { provider, is_sandbox: isSandbox } = await ask("GET", "payments/provider");
  byId("sandbox").hidden = !isSandbox;
  byId("unpaid").hidden = provider !== null;
  let usage = null;
  let live = null;
  byId("usage").hidden = !me;
  if (me) {
    usage = await ask("GET", "usage");
    live = (await ask("GET", "subscriptions")).items.find((one) => one.state !== "ended");
    byId("used").value = (usage.used + usage.reserved) / usage.plan.storage;
    const values = { used: bytes(usage.used + usage.reserved), size: bytes(usage.plan.storage) };
    byId("used-words").textContent = say("usage_words", values);
    const { items: invoices } = await ask("GET", "invoices");
    byId("invoices").replaceChildren(
      ...invoices.map((one) =>
        element(
          "li",
          {},
          element("span", { className: "name" }, one.number ?? ""),
          element("span", { className: "about" }, [dayOf(one.issued), money(one.total), say(`invoice_${one.state}`)].join(" · ")),
        ),
      ),
    );
  }
  byId("subscription").textContent = tell(live);
  byId("plan-list").replaceChildren(...plans.map((plan) => card(plan, usage?.plan.id, provider === null ? null : me)));
  if (live?.state === "pending" && new URLSearchParams(location.search).has("payment")) {
    // The provider's word takes a moment.
    const again = setTimeout(() => showPlans(me).catch(complain), 2000);
    return () => clearTimeout(again);
  }
  return undefined;
}

byId("cancel").addEventListener("click", async () => {
  try {
    await ask("DELETE", "subscriptions");
    await showPlans(await ask("GET", "users/me"));
  } catch (error) {
    complain(error);
  }
});
