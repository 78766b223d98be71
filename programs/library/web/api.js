// Requests to the library, and the elements that show their answers.

/** What the library refused, or null of what never arrived. */
export class Refused extends Error {
  constructor(problem) {
    super(problem.detail ?? problem.title ?? "");
    this.problem = problem;
  }
}

/** Asks the API; null for an empty answer. */
export async function ask(method, path, body, fields = {}) {
  const headers = { Accept: "application/json", ...fields };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(`api/${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch {
    throw new Refused({ status: 0, type: "#network" });
  }
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({ status: response.status }));
  if (!response.ok) throw new Refused(answer);
  return answer;
}

export const byId = (id) => document.getElementById(id);

/** An element with its text or children. */
export function element(name, members = {}, ...children) {
  const made = document.createElement(name);
  const { dataset, ...rest } = members;
  Object.assign(made, rest);
  Object.assign(made.dataset, dataset);
  made.append(...children);
  return made;
}

/** Shows a table; columns are pairs of a heading and what tells a cell of a row. */
export function table(into, columns, rows) {
  const head = element("tr", {}, ...columns.map(([name]) => element("th", { scope: "col" }, name)));
  const cell = (value) =>
    element("td", { className: typeof value === "number" ? "number" : "" }, String(value));
  const body = rows.map((row) => element("tr", {}, ...columns.map(([, tell]) => cell(tell(row)))));
  into.replaceChildren(element("thead", {}, head), element("tbody", {}, ...body));
}
