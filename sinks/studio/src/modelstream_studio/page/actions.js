// What one does in the page, by mouse and by key.

import { Refused, cancel, getJSON } from "./api.js";
import { copyFrom } from "./blocks.js";
import { $ } from "./dom.js";
import { save } from "./head.js";
import { listen, stepMessage } from "./keyboard.js";
import { note } from "./link.js";
import { switchTheme } from "./theme.js";
import { token } from "./tokens.js";

const PATIENCE = 10_000; // milliseconds in which a program stops that listens

const NARROW = matchMedia("(max-width: 48rem)");

/** End the stream of this message in its program. */
export async function stop(view) {
  view.stopping();
  try {
    await cancel(view.message.id, view.message.run);
    setTimeout(() => view.live && notStopped(view), PATIENCE);
  } catch (fault) {
    view.stoppable();
    note(fault instanceof Refused ? fault.message : "Studio is not to be reached; nothing was stopped.");
  }
}

function notStopped(view) {
  view.stoppable();
  note(`The program of ${view.message.name} has not stopped: it may not listen.`);
}

function stopByKey(conversation) {
  const focused = conversation.viewOf(document.activeElement);
  const target = focused?.live ? focused : conversation.live.at(-1);
  if (target && token("answer")) stop(target);
}

/** Open or close the list of runs where it is a drawer. */
export function drawer(opened) {
  document.body.dataset.drawer = opened ? "open" : "closed";
  $("menu").setAttribute("aria-expanded", String(opened));
  if (opened) $("rail-close").focus();
}

function search() {
  if (NARROW.matches) drawer(true);
  $("search").focus();
}

async function showEarlier(conversation, follow) {
  const button = $("earlier");
  const { run, oldest } = conversation;
  button.disabled = true;
  try {
    const page = await getJSON(`/v1/runs/${encodeURIComponent(run)}/messages?before=${encodeURIComponent(oldest)}`);
    if (run === conversation.run) {
      follow.letGo();
      button.hidden = !page.earlier;
      conversation.earlier(page.messages);
    }
  } catch {
    note("The earlier messages could not be fetched.");
  }
  button.disabled = false;
}

function foldReasoning() {
  const all = [...document.querySelectorAll(".reasoning")];
  const opened = all.some((one) => !one.open);
  for (const one of all) one.open = opened;
}

function toTop(follow) {
  follow.letGo();
  $("scroller").scrollTop = 0;
}

function leave(event, rail) {
  if (event.target === $("search")) rail.clearSearch();
  $("export").open = false;
  if (document.body.dataset.drawer === "open") drawer(false);
  else document.activeElement?.blur();
}

/** Listen to buttons and keys; `show` is called with the run to look at. */
export function listenToPeople({ rail, conversation, questions, follow, show }) {
  $("menu").addEventListener("click", () => drawer(true));
  $("rail-close").addEventListener("click", () => drawer(false));
  $("veil").addEventListener("click", () => drawer(false));
  $("earlier").addEventListener("click", () => showEarlier(conversation, follow));
  $("help-button").addEventListener("click", () => $("help").showModal());
  $("export").addEventListener("click", (event) => {
    const { format } = event.target.dataset;
    if (!format) return;
    $("export").open = false;
    save(rail.get(conversation.run), format, note);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".copy");
    if (button) copyFrom(button);
    if (!$("export").contains(event.target)) $("export").open = false;
  });
  const actions = {
    "/": search,
    j: () => show(rail.get(rail.beside(1))),
    k: () => show(rail.get(rail.beside(-1))),
    n: () => stepMessage(1, follow),
    p: () => stepMessage(-1, follow),
    g: () => toTop(follow),
    G: () => follow.jump(),
    ".": () => stopByKey(conversation),
    a: () => questions.focus(),
    r: foldReasoning,
    t: switchTheme,
    "?": () => $("help").showModal(),
  };
  listen(actions, (event) => leave(event, rail));
}
