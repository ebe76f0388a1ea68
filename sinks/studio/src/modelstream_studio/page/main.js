// Puts the parts together: which run is looked at, and who hears of what.

import "./theme.js";
import { Refused, cancel, getJSON } from "./api.js";
import { copyFrom } from "./blocks.js";
import { Conversation, showCast } from "./conversation.js";
import { $, say } from "./dom.js";
import { Feed } from "./feed.js";
import { Follow } from "./follow.js";
import { save, showRun } from "./head.js";
import { listen, stepMessage } from "./keyboard.js";
import { Questions } from "./questions.js";
import { Rail } from "./rail.js";
import { switchTheme } from "./theme.js";
import { paste, take, token } from "./tokens.js";

const body = document.body;
const rail = new Rail();
const follow = new Follow($("scroller"), $("jump"));
const conversation = new Conversation({ follow, onStop: stop, onChange: conversationChanged });
const questions = new Questions((question) => conversation.question(question));
const feed = new Feed({ snapshot, runs: runsChanged, run: runOps, gone: runGone, link: linkChanged });
let chosen = null;

// --- Which run -------------------------------------------------------------------------------------------------

/** The fragment names the run, and for a moment the tokens, which go at once out of sight and history. */
function readFragment() {
  const { run } = take(location.hash);
  const bare = run ? `#run=${encodeURIComponent(run)}` : "";
  if (location.hash !== bare) history.replaceState(null, "", bare || location.pathname);
  body.dataset.mayAnswer = token("answer") ? "yes" : "no";
  return run ?? null;
}

function choose(run) {
  if (!run || run === chosen) return;
  chosen = run;
  conversation.clear();
  questions.clear();
  drawer(false);
  const known = rail.get(run);
  body.dataset.view = known ? "run" : "loading";
  if (known) showRun(known);
  rail.select(run);
  follow.jump();
  feed.watch(run);
}

function show(run) {
  if (!run || run.id === chosen) return;
  history.pushState(null, "", `#run=${encodeURIComponent(run.id)}`);
  choose(run.id);
}

function runGone(run) {
  note(`There is no run ${run} here any more.`);
  history.replaceState(null, "", location.pathname);
  chosen = null;
  feed.watch(null);
}

// --- What Studio says ------------------------------------------------------------------------------------------

function snapshot(state) {
  if (state.runs) rail.update(state.runs, state.more_runs);
  if (!state.run) {
    if (chosen) return;
    if (rail.size) show(rail.newest);
    else body.dataset.view = "empty";
    return;
  }
  if (state.run.id !== chosen) return;
  rail.update([state.run]);
  body.dataset.view = "run";
  showRun(state.run);
  $("earlier").hidden = !state.earlier;
  conversation.snapshot(state);
  questions.snapshot(state.questions);
  rail.select(chosen);
}

function runsChanged(ops) {
  const runs = ops.filter((op) => op.op === "run").map((op) => op.run);
  rail.update(runs);
  if (!chosen && rail.size) show(rail.newest);
  for (const run of runs) if (run.id === chosen) showRun(run);
  showWaiting();
}

function runOps(ops) {
  for (const op of ops) {
    if (op.op === "run") runsChanged([op]);
    else if (op.op === "question") questions.put(op.question);
    else if (op.op === "question-over") questions.over(op.q, op.value, op.state);
  }
  conversation.push(ops.filter((op) => op.m || op.message));
}

setInterval(() => chosen && body.dataset.link === "live" && rail.get(chosen) && showRun(rail.get(chosen)), 1_000);

function conversationChanged() {
  showCast(conversation.views, (name) => conversation.hue(name), lookAt);
}

function lookAt(view) {
  follow.letGo();
  view.element.scrollIntoView({ block: "start", behavior: "smooth" });
}

/** Another run that asks shows on the button of the closed drawer. */
function showWaiting() {
  $("menu-badge").hidden = !rail.waiting.some((run) => run.id !== chosen);
}

// --- The connection --------------------------------------------------------------------------------------------

const LINKS = { connecting: "Connecting", live: "Connected", reconnecting: "Reconnecting", locked: "No access" };
let away = 0;

function linkChanged(state) {
  body.dataset.link = state;
  say($("link-state").querySelector(".words"), LINKS[state]);
  if (state === "reconnecting") {
    away ||= setTimeout(() => toast("Studio is not to be reached. What is shown stays; the rest follows by itself.", "away"), 1_500);
    return;
  }
  clearTimeout(away);
  away = 0;
  if ($("toast").dataset.kind === "away") $("toast").hidden = true;
  if (state === "locked") lock();
}

function lock() {
  if (token("watch")) say($("locked-why"), "The link of this tab is not valid here (any more). Studio prints the right one when it starts:");
  body.dataset.view = "locked";
  chosen = null;
}

function toast(words, kind) {
  const box = $("toast");
  box.dataset.kind = kind;
  say(box.querySelector(".words"), words);
  box.hidden = false;
}

function note(words) {
  toast(words, "note");
  setTimeout(() => {
    if ($("toast").dataset.kind === "note") $("toast").hidden = true;
  }, 5_000);
}

$("retry").addEventListener("click", () => feed.retry());

$("unlock").addEventListener("submit", (event) => {
  event.preventDefault();
  const found = paste($("unlock-link").value);
  say($("unlock-fault"), found ? "" : "There is no token in this: it must hold #watch= and a long word.");
  if (!found) return;
  body.dataset.mayAnswer = token("answer") ? "yes" : "no";
  body.dataset.view = "loading";
  start(readFragment());
});

// --- What one does ---------------------------------------------------------------------------------------------

async function stop(view) {
  view.stopping();
  try {
    await cancel(view.message.id, view.message.run);
  } catch (fault) {
    view.stoppable();
    note(fault instanceof Refused ? fault.message : "Studio is not to be reached; nothing was stopped.");
  }
}

function stopByKey() {
  const focused = conversation.viewOf(document.activeElement);
  const target = focused?.live ? focused : conversation.live.at(-1);
  if (target && token("answer")) stop(target);
}

function drawer(opened) {
  body.dataset.drawer = opened ? "open" : "closed";
  $("menu").setAttribute("aria-expanded", String(opened));
  if (opened) $("rail-close").focus();
}

async function showEarlier() {
  const button = $("earlier");
  const run = chosen;
  button.disabled = true;
  try {
    const before = encodeURIComponent(conversation.oldest);
    const { messages, earlier } = await getJSON(`/v1/runs/${encodeURIComponent(run)}/messages?before=${before}`);
    if (run === chosen) {
      follow.letGo();
      button.hidden = !earlier;
      conversation.earlier(messages);
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

$("menu").addEventListener("click", () => drawer(true));
$("rail-close").addEventListener("click", () => drawer(false));
$("veil").addEventListener("click", () => drawer(false));
$("earlier").addEventListener("click", showEarlier);
$("help-button").addEventListener("click", () => $("help").showModal());
$("export").addEventListener("click", (event) => {
  const { format } = event.target.dataset;
  if (!format) return;
  $("export").open = false;
  save(rail.get(chosen), format, note);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest(".copy");
  if (button) copyFrom(button);
  if (!$("export").contains(event.target)) $("export").open = false;
});

listen(
  {
    "/": () => (drawer(innerWidth <= 768), $("search").focus()),
    j: () => show(rail.get(rail.beside(1))),
    k: () => show(rail.get(rail.beside(-1))),
    n: () => stepMessage(1, follow),
    p: () => stepMessage(-1, follow),
    g: () => (follow.letGo(), ($("scroller").scrollTop = 0)),
    G: () => follow.jump(),
    ".": stopByKey,
    a: () => questions.focus(),
    r: foldReasoning,
    t: switchTheme,
    "?": () => $("help").showModal(),
  },
  (event) => {
    if (event.target === $("search")) rail.clearSearch();
    $("export").open = false;
    if (body.dataset.drawer === "open") drawer(false);
    else document.activeElement?.blur();
  },
);

// --- Begin -----------------------------------------------------------------------------------------------------

function start(run) {
  chosen = null;
  if (run) choose(run);
  else feed.watch(null);
}

addEventListener("hashchange", () => {
  const run = readFragment();
  if (body.dataset.view === "locked" || !run) start(run);
  else choose(run);
});

start(readFragment());
