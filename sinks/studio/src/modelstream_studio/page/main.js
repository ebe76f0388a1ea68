// Puts the parts together: which run is looked at, and who hears of what.

import { drawer, listenToPeople, stop } from "./actions.js";
import { Conversation, showCast } from "./conversation.js";
import { $ } from "./dom.js";
import { Feed } from "./feed.js";
import { Follow } from "./follow.js";
import { showRun } from "./head.js";
import { listenToLink, note, showLink } from "./link.js";
import { Questions } from "./questions.js";
import { Rail } from "./rail.js";
import { take, token } from "./tokens.js";

const rail = new Rail();
const follow = new Follow($("scroller"), $("jump"));
const conversation = new Conversation({ follow, onStop: stop, onChange: conversationChanged });
const questions = new Questions((question) => conversation.question(question));
const feed = new Feed({ snapshot, runs: runsChanged, run: runOps, gone: runGone, link: linkChanged });

/** The fragment names the run, and for a moment the tokens, which go at once out of sight and history. */
function readFragment() {
  const { run } = take(location.hash);
  const bare = run ? `#run=${encodeURIComponent(run)}` : "";
  if (location.hash !== bare) history.replaceState(null, "", bare || location.pathname);
  document.body.dataset.mayAnswer = token("answer") ? "yes" : "no";
  return run ?? null;
}

function choose(run) {
  if (!run || run === conversation.run) return;
  conversation.choose(run);
  questions.clear();
  drawer(false);
  const known = rail.get(run);
  document.body.dataset.view = known ? "run" : "loading";
  if (known) showRun(known);
  rail.select(run);
  follow.jump();
  feed.watch(run);
}

function show(run) {
  if (!run || run.id === conversation.run) return;
  history.pushState(null, "", `#run=${encodeURIComponent(run.id)}`);
  choose(run.id);
}

/** Look at this run, or at whichever deserves it. */
function start(run) {
  conversation.choose(null);
  if (run) choose(run);
  else feed.watch(null);
}

function runGone(run) {
  note(`There is no run ${run} here any more.`);
  history.replaceState(null, "", location.pathname);
  start(null);
}

function snapshot(state) {
  if (state.runs) rail.update(state.runs, state.more_runs);
  if (!state.run) {
    if (rail.size) show(rail.newest);
    else document.body.dataset.view = "empty";
    return;
  }
  rail.update([state.run]);
  document.body.dataset.view = "run";
  showRun(state.run);
  $("earlier").hidden = !state.earlier;
  conversation.snapshot(state);
  questions.snapshot(state.questions);
  rail.select(conversation.run);
}

function runsChanged(ops) {
  const runs = ops.filter((op) => op.op === "run").map((op) => op.run);
  rail.update(runs);
  if (!conversation.run && rail.size) show(rail.newest);
  for (const run of runs) if (run.id === conversation.run) showRun(run);
  // Another run that asks shows on the button of the closed drawer.
  $("menu-badge").hidden = !rail.waiting.some((run) => run.id !== conversation.run);
}

function runOps(ops) {
  for (const op of ops) {
    if (op.op === "run") runsChanged([op]);
    else if (op.op === "question") questions.put(op.question);
    else if (op.op === "question-over") questions.over(op.q, op.value, op.state);
  }
  conversation.push(ops.filter((op) => op.m || op.message));
}

function conversationChanged() {
  showCast(conversation.views, (name) => conversation.hue(name), lookAt);
}

function lookAt(view) {
  follow.letGo();
  view.element.scrollIntoView({ block: "start", behavior: "smooth" });
}

function linkChanged(state) {
  showLink(state);
  if (state === "locked") conversation.choose(null);
}

/** Time goes by in the head of a run that lives. */
function tick() {
  const run = rail.get(conversation.run);
  if (run?.state === "live" && document.body.dataset.link === "live") showRun(run);
}

listenToPeople({ rail, conversation, questions, follow, show });
listenToLink({ retry: () => feed.retry(), unlocked: () => start(readFragment()) });
addEventListener("hashchange", () => {
  const run = readFragment();
  if (document.body.dataset.view === "locked" || !run) start(run);
  else choose(run);
});
setInterval(tick, 1_000);
start(readFragment());
