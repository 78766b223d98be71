// What this browser remembers. Where it may not (private windows, a full disk), the page does.

const PREFIX = "tombolo-chat.";
const here = new Map();

export function read(name) {
  if (here.has(name)) return here.get(name);
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name));
  } catch {
    return null;
  }
}

export function write(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
    here.delete(name);
  } catch {
    here.set(name, value);
  }
}

export function remove(name) {
  here.delete(name);
  try {
    localStorage.removeItem(PREFIX + name);
  } catch { /* then it was not there either */ }
}

/** Names that begin so. */
export function names(beginning) {
  const kept = [...here.keys()];
  try {
    kept.push(...Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length)));
  } catch { /* nothing is kept */ }
  return kept.filter((name) => name.startsWith(beginning));
}
