// What the page remembers between two visits: on this device only, or not at all where it may not.

const memory = new Map();

/** Return what was kept under a name, null when there is nothing. */
export function recall(name) {
  try {
    const text = localStorage.getItem(`gate.${name}`);
    return text === null ? null : JSON.parse(text);
  } catch {
    return memory.get(name) ?? null;
  }
}

/** Keep a value under a name; null forgets it. */
export function keep(name, value) {
  memory.set(name, value);
  try {
    if (value === null) localStorage.removeItem(`gate.${name}`);
    else localStorage.setItem(`gate.${name}`, JSON.stringify(value));
  } catch {
    // A private window: it is kept until the page is closed.
  }
}

/** Return the key in a link such as /gate#key=gate_..., or the text itself. */
export function readKey(text) {
  const found = /[#?&]key=([^&\s]+)/.exec(text);
  return found ? decodeURIComponent(found[1]) : text.trim();
}
