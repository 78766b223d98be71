// The page's words, and how its language writes days and times.

const words = JSON.parse(document.getElementById("words").textContent);
const language = document.documentElement.lang;
// The visitor's own region where its language is the page's: it knows 15:04 from 3:04 pm.
const locale = navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;
const plural = new Intl.PluralRules(language);
const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
// Hours of twelve need more room.
document.documentElement.classList.toggle("twelve", Boolean(clock.resolvedOptions().hour12));
const full = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" });
const sameYear = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
const otherYear = new Intl.DateTimeFormat(locale, { dateStyle: "full" });

/** A sentence with its values in the place of their {names}. */
export function say(name, values = {}) {
  return words[name].replace(/\{(\w+)\}/g, (_, slot) => values[slot]);
}

/** A sentence about so many things. */
export function sayCount(name, count) {
  const form = `${name}_${plural.select(count)}`;
  return say(form in words ? form : `${name}_other`, { count });
}

/** Why something was refused, in the page's language. */
export function sayWhy(refusal) {
  const { status, field } = refusal;
  if (status === 400 && `why_field_${field}` in words) return say(`why_field_${field}`);
  return say(`why_${status}` in words ? `why_${status}` : "why_other", { status });
}

export const timeOf = (date) => clock.format(date);
export const momentOf = (date) => full.format(date);

/** The day as people call it: today, yesterday, Monday 2 March. */
export function dayOf(date) {
  const midnight = (of) => new Date(of.getFullYear(), of.getMonth(), of.getDate());
  const now = new Date();
  // Days are not all 24 hours long.
  const ago = Math.round((midnight(now) - midnight(date)) / 86_400_000);
  if (ago === 0) return say("today");
  if (ago === 1) return say("yesterday");
  return (date.getFullYear() === now.getFullYear() ? sameYear : otherYear).format(date);
}

export const dayKey = (date) => `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
