// What services tell of themselves in numbers: the transfers of the library, and what it keeps.

import { el, replace, terms } from "./dom.js";
import { bytes, count, say, word } from "./words.js";

const known = (name) => {
  const told = word(`figure_${name}`);
  return told.startsWith("figure_") ? name.replaceAll("_", " ") : told;
};

export function showFigures({ services }) {
  document.getElementById("figures-section").hidden = services.length === 0;
  const cards = services.map(({ service, figures }) =>
    el(
      "div",
      {},
      el("h3", {}, say("figures_of", { service })),
      terms(figures.map(({ name, value, unit }) => [known(name), unit === "bytes" ? bytes(value) : count(value)])),
    ),
  );
  replace(document.getElementById("figures"), ...cards);
}
