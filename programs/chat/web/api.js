// The chat's API, as docs/protocols/chat.md has it. Addresses are relative to the page's.

const PATIENCE_MS = 15_000; // for an answer

/** What was asked for is not to be had: the status, or 0 for no answer at all. */
export class Refusal extends Error {
  constructor(status, problem = {}, retryAfter = 0) {
    super(problem.detail ?? `status ${status}`);
    this.status = status;
    this.field = problem.field;
    this.retryAfterMs = retryAfter * 1000;
  }

  /** Whether the same may succeed a little later. */
  get isPassing() {
    return this.status === 0 || this.status === 429 || (this.status >= 502 && this.status <= 504);
  }
}

async function refusalOf(response) {
  const problem = await response.json().catch(() => ({}));
  return new Refusal(response.status, problem, Number(response.headers.get("Retry-After")) || 0);
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new Refusal(0);
  }
  if (!response.ok) throw await refusalOf(response);
  if (response.status === 204) return null;
  // A connection that is cut in the middle of an answer has not answered.
  return response.json().catch(() => { throw new Refusal(0); });
}

const room = (name, rest) => `rooms/${encodeURIComponent(name)}/${rest}`;
const json = (body, headers = {}) => ({
  method: "POST",
  headers: { "Content-Type": "application/json", ...headers },
  body: JSON.stringify(body),
});

export const listRooms = () => ask("rooms?limit=50");
export const readPage = (name, query = "") => ask(room(name, `messages?limit=100${query}`));
export const tellTyping = (name, author) => ask(room(name, "typing"), json({ author }));
export const post = (name, { author, text }, key) =>
  ask(room(name, "messages"), json({ author, text }, { "Idempotency-Key": key }));

/** Opens the event stream; resolves with the response once its head is there. */
export async function openEvents(name, place, visitor, signal) {
  const query = new URLSearchParams({ after: place });
  if (visitor) query.set("name", visitor);
  const response = await fetch(room(name, `events?${query}`), { signal, cache: "no-store" });
  if (!response.ok) throw await refusalOf(response);
  return response;
}
