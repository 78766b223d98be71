// Asks the admin API. The token, where one is needed, is kept in this tab's session storage alone
// and sent in a field that no other site's page can make a browser send.

const KEY = "tombolo-token";
const PATIENCE_MS = 10000;

/** What the gateway refused, in its own words. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? `status ${status}`);
    this.status = status;
    this.mistakes = problem?.errors ?? [];
  }
}

export const token = () => sessionStorage.getItem(KEY);

export function useToken(value) {
  if (value) sessionStorage.setItem(KEY, value);
  else sessionStorage.removeItem(KEY);
}

/** `GET path`, answered as JSON. */
export const get = (path) => ask(path, { method: "GET" });

/** `POST path` with JSON. */
export const post = (path, body) =>
  ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

async function ask(path, options) {
  const headers = { Accept: "application/json", ...options.headers };
  if (token()) headers.Authorization = `Bearer ${token()}`;
  const response = await fetch(path, {
    ...options,
    headers,
    credentials: "omit",
    redirect: "error",
    signal: AbortSignal.timeout(options.method === "GET" ? PATIENCE_MS : 6 * PATIENCE_MS),
  });
  const text = await response.text();
  let answer = null;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = null;
  }
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}
