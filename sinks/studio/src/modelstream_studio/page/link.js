// Show the state of the connection and the tokens: as a line, a note, or the whole page.

import { $, say } from "./dom.js";
import { paste, token } from "./tokens.js";

const WORDS = { connecting: "Connecting", live: "Connected", reconnecting: "Reconnecting", locked: "No access" };
const AWAY = "Studio is not to be reached. What is shown stays; the rest follows by itself.";
const WRONG = "The link of this tab is not valid here (any more). Studio prints the right one when it starts:";

let away = 0;

/** Show this state of the connection; a short interruption is not worth a word. */
export function showLink(state) {
  document.body.dataset.link = state;
  say($("link-state").querySelector(".words"), WORDS[state]);
  if (state === "reconnecting") {
    away ||= setTimeout(() => toast(AWAY, "away"), 1_500);
    return;
  }
  clearTimeout(away);
  away = 0;
  hide("away");
  if (state === "locked") lock();
}

/** Show a note for a few seconds. */
export function note(words) {
  toast(words, "note");
  setTimeout(() => hide("note"), 5_000);
}

function toast(words, kind) {
  const box = $("toast");
  box.dataset.kind = kind;
  say(box.querySelector(".words"), words);
  box.hidden = false;
}

function hide(kind) {
  if ($("toast").dataset.kind === kind) $("toast").hidden = true;
}

function lock() {
  if (token("watch")) say($("locked-why"), WRONG);
  document.body.dataset.view = "locked";
}

/** `retry` is called when one does not want to wait, `unlocked` when a link with a token has been pasted. */
export function listenToLink({ retry, unlocked }) {
  $("retry").addEventListener("click", retry);
  $("unlock").addEventListener("submit", (event) => {
    event.preventDefault();
    const found = paste($("unlock-link").value);
    say($("unlock-fault"), found ? "" : "This contains no token: the link must have #watch= and a token.");
    if (!found) return;
    document.body.dataset.view = "loading";
    unlocked();
  });
}
