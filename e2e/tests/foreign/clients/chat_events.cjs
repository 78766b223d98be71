// The `eventsource` package through a gateway to the chat: it reads, posts, and comes back by itself
// with the id of the last event.
const { EventSource } = require("eventsource");

const address = process.argv[2];
const room = `http://${address}/chat/rooms/node`;
const fail = (what) => { console.error(what); process.exit(1); };
setTimeout(() => fail("too late"), 60_000);

async function say(text) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": text };
  const body = JSON.stringify({ author: "Node", text });
  const answer = await fetch(`${room}/messages`, { method: "POST", headers, body });
  if (answer.status !== 201) fail(`${answer.status} ${await answer.text()}`);
}

const seen = [];
let drops = 0;
// Cuts the stream once, so that the package has to come back.
const flaky = async (url, options) => {
  const answer = await fetch(url, options);
  if (drops++ > 0) return answer;
  const reader = answer.body.getReader();
  let text = "";
  const body = new ReadableStream({
    async pull(controller) {
      const { value, done } = await reader.read();
      if (done) return controller.close();
      controller.enqueue(value);
      text += Buffer.from(value).toString();
      if (text.includes("two")) { await reader.cancel(); controller.close(); }
    },
  });
  return { body, url: answer.url, status: answer.status, redirected: false, headers: answer.headers };
};
const stream = new EventSource(`${room}/events?after=0&name=Node`, { fetch: flaky });
stream.addEventListener("reset", (event) => fail(event.data));
stream.addEventListener("message", async (event) => {
  const message = JSON.parse(event.data);
  seen.push(message.text);
  if (!event.lastEventId.endsWith(`-${message.seq}`)) fail(event.lastEventId);
  if (message.text === "two") await say("three");
  if (message.text !== "three") return;
  if (seen.join() !== "one,two,three" || drops < 2) fail(`${seen} after ${drops} connections`);
  console.log("all well");
  process.exit(0);
});
say("one").then(() => say("two"));
