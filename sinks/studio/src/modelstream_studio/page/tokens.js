// The tokens come in the fragment of the link, which is sent to no server, and stay in this tab.

const NAMES = ["watch", "answer"];
const held = new Map();

function remember(name, value) {
  held.set(name, value);
  try {
    sessionStorage.setItem(`modelstream-${name}`, value);
  } catch {
    // Storage is switched off: the tokens live as long as the page.
  }
}

function recall(name) {
  try {
    return sessionStorage.getItem(`modelstream-${name}`);
  } catch {
    return null;
  }
}

/** Take the tokens out of a fragment such as `#watch=…&answer=…&run=…`; the rest of it, as an object. */
export function take(fragment) {
  const parts = new URLSearchParams(fragment.replace(/^#/, ""));
  for (const name of NAMES) if (parts.get(name)) remember(name, parts.get(name));
  for (const name of NAMES) parts.delete(name);
  return Object.fromEntries(parts);
}

/** Take the tokens of a pasted link, or a bare watch token; whether there was one. */
export function paste(text) {
  const link = text.trim();
  if (/[#&?]watch=./.test(link)) take(link.slice(link.search(/[#?]/) + 1));
  else if (/^[\w.~-]{8,}$/.test(link)) remember("watch", link);
  else return false;
  return true;
}

for (const name of NAMES) {
  const kept = recall(name);
  if (kept) held.set(name, kept);
}

export const token = (name) => held.get(name) ?? null;
