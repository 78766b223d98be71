// The page's words, and how its language writes numbers, days and money.

const words = JSON.parse(document.getElementById("words").textContent);
const language = document.documentElement.lang;
const locale = navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });

/** A sentence with its values in the place of their {names}. */
export function say(name, values = {}) {
  return words[name].replace(/\{(\w+)\}/g, (_, slot) => values[slot]);
}

/** A word that there may not be. */
export const sayIfAny = (name, otherwise) => (name in words ? say(name) : otherwise);

/** Why something was refused, in the page's language where there is a word for it. */
export function sayWhy(problem) {
  const kind = String(problem.type ?? "").split("#")[1];
  return sayIfAny(`why_${kind}`, sayIfAny(`why_${problem.status}`, problem.detail ?? say("why_other")));
}

export const momentOf = (text) => moment.format(new Date(text));
export const dayOf = (text) => day.format(new Date(text));

/** A whole number. */
export const number = (value) => new Intl.NumberFormat(locale).format(value);

/** Bytes as people read them. */
export function bytes(count) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  let step = 0;
  let amount = count;
  while (amount >= 1000 && step < units.length - 1) {
    amount /= 1000;
    step += 1;
  }
  const form = { style: "unit", unit: units[step], maximumFractionDigits: amount < 10 && step ? 1 : 0 };
  return new Intl.NumberFormat(locale, form).format(amount);
}

/** Seconds as a clock shows them. */
export function duration(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, place) => String(part).padStart(place ? 2 : 1, "0")).join(":");
}

/** Money in minor units. */
export function money({ amount, currency }) {
  const form = new Intl.NumberFormat(locale, { style: "currency", currency });
  return form.format(amount / 10 ** form.resolvedOptions().maximumFractionDigits);
}
