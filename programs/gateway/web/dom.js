// Elements made from texts: nothing that was told is ever read as HTML.

/** An element with attributes and children. `null` children are left out. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** An element of SVG. */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** A table in a frame of its own that scrolls where it is too wide. Rows are lists of cells; a
 * cell is a text, an element, or `{ cell, kind }`. */
export function table(caption, heading, rows, attributes = {}) {
  const cell = (value, column) => {
    const inner = value?.kind === undefined ? value : value.cell;
    const name = column === 0 ? "th" : "td";
    const scope = column === 0 ? { scope: "row" } : {};
    const of = { ...scope, class: value?.kind, "data-label": heading[column] };
    return el(name, of, inner instanceof Node || Array.isArray(inner) ? inner : String(inner ?? ""));
  };
  // A heading stands over its column as the column's cells do.
  const head = (text, column) => el("th", { scope: "col", class: rows[0]?.[column]?.kind?.split(" ")[0] }, text);
  return el(
    "div",
    { class: "frame" },
    el(
      "table",
      attributes,
      el("caption", { class: "unseen" }, caption),
      el("thead", {}, el("tr", {}, heading.map(head))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map(cell)))),
    ),
  );
}

/** A list of terms with what they mean; those without a meaning are left out. */
export function terms(pairs) {
  const told = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return el("dl", {}, told.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

/** Puts new content in place of the old, and the keyboard's focus where it was. */
export function replace(place, ...content) {
  const key = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  place.replaceChildren(...content);
  if (key) place.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}
