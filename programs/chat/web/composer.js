// The field for messages: Enter sends, Shift+Enter begins a line, and others see that one writes.

import { tellTyping } from "./api.js";

const TYPING_MS = 3_000; // others are told again after this

const form = document.getElementById("say");
const field = document.getElementById("text");

function fit() {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
}

/** `on` has: send(text) → whether it was taken, and writing() → [room, author] or null. */
export function compose(on) {
  let told = 0;
  field.addEventListener("input", () => {
    fit();
    const now = Date.now();
    const who = field.value.trim() && now - told > TYPING_MS ? on.writing() : null;
    if (!who) return;
    told = now;
    tellTyping(...who).catch(() => {}); // a passing thing
  });
  field.addEventListener("keydown", (event) => {
    // While an input method composes, Enter takes its proposal.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!field.value.trim()) return field.focus();
    if (!on.send(field.value.replace(/\s+$/, ""))) return;
    field.value = "";
    told = 0;
    fit();
    field.focus();
  });
}

export const focusField = () => field.focus();
