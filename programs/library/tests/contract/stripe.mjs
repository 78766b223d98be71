// Stripe's own library as the judge: it makes a page at the sandbox, believes the sandbox's
// signatures, and signs events that the library has to believe or not. Prints its port, then what it
// found.

import http from "node:http";
import { createRequire } from "node:module";

const [modules, api, hook] = process.argv.slice(2);
const Stripe = createRequire(`${modules}/`)("stripe");
const secret = "secret";
const { hostname, port } = new URL(api);
const stripe = new Stripe("key", { host: hostname, port, protocol: "http", maxNetworkRetries: 0, telemetry: false });

async function send(body, options) {
  const header = stripe.webhooks.generateTestHeaderString({ payload: body, secret, ...options });
  const response = await fetch(hook, { method: "POST", headers: { "Stripe-Signature": header }, body });
  return response.status;
}

const server = http.createServer(async (request, response) => {
  let body = "";
  for await (const piece of request) body += piece;
  const event = stripe.webhooks.constructEvent(body, request.headers["stripe-signature"], secret);
  const now = Math.floor(Date.now() / 1000);
  const found = {
    type: event.type,
    forged: await send(body, { secret: "another" }),
    old: await send(body, { timestamp: now - 301 }),
    signed: await send(body, {}),
    again: await send(body, {}),
    unknown: await send(JSON.stringify({ id: "evt_unknown", type: "invoice.created", data: { object: {} } }), {}),
  };
  const page = await stripe.checkout.sessions.create(
    {
      mode: "payment",
      success_url: "http://localhost/",
      line_items: [{ quantity: 1, price_data: { currency: "eur", unit_amount: 500, product_data: { name: "A" } } }],
    },
    { idempotencyKey: "page" },
  );
  const read = await stripe.checkout.sessions.retrieve(page.id);
  found.page = [read.status, read.amount_total];
  response.writeHead(200).end("{}");
  console.log(JSON.stringify(found));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
