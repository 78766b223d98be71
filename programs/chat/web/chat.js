"use strict";
// Joins a room, shows what is said in it, and sends what is written.
const at = (id) => document.getElementById(id);
let stream = null;
let room = "";

function show(message) {
  const line = document.createElement("li");
  const author = document.createElement("strong");
  author.textContent = message.author + ": ";
  line.dir = "auto";
  line.append(author, message.text);
  at("messages").append(line);
  line.scrollIntoView();
}

at("join").addEventListener("submit", async (event) => {
  event.preventDefault();
  stream?.close();
  room = "rooms/" + encodeURIComponent(at("room").value);
  at("messages").replaceChildren();
  const page = await (await fetch(room + "/messages")).json();
  if (!page.messages) { at("state").textContent = page.detail; return; }
  page.messages.forEach(show);
  const name = encodeURIComponent(at("name").value);
  stream = new EventSource(room + "/events?after=" + page.epoch + "-" + page.last + "&name=" + name);
  stream.addEventListener("message", (event) => show(JSON.parse(event.data)));
  stream.addEventListener("reset", () => at("messages").replaceChildren());
  stream.addEventListener("open", () => { at("state").textContent = ""; });
  stream.addEventListener("error", () => { at("state").textContent = "Connecting again…"; });
  at("send").disabled = false;
});

at("say").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify({ author: at("name").value, text: at("text").value });
  // getRandomValues is there without TLS too.
  const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("-");
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
  const answer = await fetch(room + "/messages", { method: "POST", headers, body });
  if (answer.ok) at("text").value = "";
  else at("state").textContent = (await answer.json()).detail;
});
