// The page's words in its language, and numbers, sizes and times as that language writes them.

const words = JSON.parse(document.getElementById("words").textContent);
export const language = document.documentElement.lang;

/** A text by its name, with `{name}`s replaced. */
export function say(name, values = {}) {
  const text = words[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

/** A word that the gateway told, in the page's language where that has one. */
export function word(told) {
  return words[told] ?? told;
}

const whole = new Intl.NumberFormat(language);
const short = new Intl.NumberFormat(language, { notation: "compact", maximumSignificantDigits: 3 });
const digits = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });
const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(language, { timeStyle: "medium" });
const day = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });

export const count = (number) => whole.format(number ?? 0);
export const compact = (number) => (number < 1000 ? digits : short).format(number);
export const percent = (ratio) => share.format(ratio);

/** Milliseconds, as seconds where there are many. */
export function millis(number) {
  if (number === null || number === undefined) return "–";
  return number < 1000 ? `${digits.format(number)} ms` : `${digits.format(number / 1000)} s`;
}

/** Bytes, in the largest unit of which there is at least one. */
export function bytes(number) {
  let value = number ?? 0;
  let unit = "B";
  for (const larger of ["KiB", "MiB", "GiB", "TiB"]) {
    if (value < 1024) break;
    value /= 1024;
    unit = larger;
  }
  return `${digits.format(value)} ${unit}`;
}

/** A span of seconds in its two largest units. */
export function span(seconds) {
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0 s";
  const [size, unit] = parts[first];
  const rest = parts[first + 1];
  const more = rest ? Math.floor((seconds % size) / rest[0]) : 0;
  return `${Math.floor(seconds / size)} ${unit}` + (more ? ` ${more} ${rest[1]}` : "");
}

/** The time of day; with the date if that is another day. */
export function time(at) {
  const then = new Date(at);
  if (Number.isNaN(then.getTime())) return String(at ?? "");
  return (then.toDateString() === new Date().toDateString() ? clock : day).format(then);
}
