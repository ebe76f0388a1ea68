// The head of a run: what it is, what it came to, and saving it.

import { getBlob } from "./api.js";
import { $, el, say } from "./dom.js";
import { clock, count, exact, span } from "./figures.js";
import { stateOf } from "./rail.js";

const STATES = { live: "Running", waiting: "Waiting for an answer", finished: "Finished", lost: "Lost: the program is gone" };

export function showRun(run) {
  const name = run.name || run.program || run.id;
  say($("run-name"), name);
  document.title = `${run.questions ? "? " : run.live ? "• " : ""}${name} – modelstream studio`;
  const state = stateOf(run);
  const facts = [run.project, run.program, run.host && `${run.host}${run.pid ? `, process ${run.pid}` : ""}`, `since ${clock(run.started)}`];
  const line = [STATES[state] ?? state, ...facts.filter((fact) => fact && fact !== name)];
  const text = line.join(" · ");
  if ($("run-facts").textContent !== text) {
    const [first, ...rest] = line;
    $("run-facts").replaceChildren(el("span", { class: "state", "data-state": state }, first), ...rest.map((fact) => ` · ${fact}`));
    $("run-facts").title = exact(run.started);
  }
  showTotals(run);
}

function showTotals(run) {
  const totals = { messages: count(run.messages), "tokens in": count(run.input_tokens ?? 0), "tokens out": count(run.output_tokens ?? 0) };
  const until = run.state === "live" ? Date.now() / 1000 : run.seen;
  totals.time = span(Math.max(0, Math.round(until - run.started)));
  const rows = $("totals").children;
  if (rows.length !== Object.keys(totals).length) {
    $("totals").replaceChildren(...Object.keys(totals).map((name) => el("div", {}, el("dt", {}, name), el("dd"))));
  }
  Object.values(totals).forEach((value, at) => say(rows[at].lastElementChild, value));
}

/** Fetch the run with the token and hand it to the browser as a file. */
export async function save(run, format, note) {
  try {
    const blob = await getBlob(`/v1/runs/${encodeURIComponent(run.id)}/export.${format}`);
    const url = URL.createObjectURL(blob);
    el("a", { href: url, download: `${fileName(run)}.${format}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (fault) {
    note(`Not saved: ${fault.message}`);
  }
}

const fileName = (run) => (run.name || run.id).replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60) || "run";
