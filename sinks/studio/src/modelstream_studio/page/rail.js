// The list of projects and their runs, newest first, with search.

import { getJSON } from "./api.js";
import { $, el, paced, say } from "./dom.js";
import { exact, many, when } from "./figures.js";

const PAGE = 50;

/** A run with an open question is shown as waiting rather than live. */
export const stateOf = (run) => (run.questions > 0 && run.state !== "finished" ? "waiting" : run.state);

export class Rail {
  #runs = new Map();
  #rows = new Map();
  #found = new Set();
  #list = $("runs");
  #search = $("search");
  #more = false;
  #current = null;
  #asking = 0;
  #draw = paced(() => this.#show());

  constructor() {
    this.#search.addEventListener("input", () => this.#searched());
    setInterval(() => this.#draw(), 30_000);
  }

  get(id) {
    return this.#runs.get(id);
  }

  get size() {
    return this.#runs.size;
  }

  get newest() {
    const runs = this.#sorted();
    return runs.find((run) => stateOf(run) === "waiting") ?? runs.find((run) => run.state === "live") ?? runs[0];
  }

  get waiting() {
    return [...this.#runs.values()].filter((run) => stateOf(run) === "waiting");
  }

  update(runs, more = null) {
    for (const run of runs) this.#runs.set(run.id, run);
    if (more !== null && this.#runs.size <= runs.length) this.#more = more;
    this.#draw();
  }

  select(id) {
    this.#current = id;
    this.#show();
    this.#rows.get(id)?.scrollIntoView({ block: "nearest" });
  }

  /** The run before (-1) or after (1) the current one, in the order shown. */
  beside(step) {
    const shown = [...this.#list.querySelectorAll(".run")].map((row) => row.dataset.run);
    const at = shown.indexOf(this.#current);
    return at < 0 ? shown[0] : shown[at + step];
  }

  clearSearch() {
    this.#search.value = "";
    this.#searched();
  }

  #sorted() {
    return [...this.#runs.values()].sort((one, other) => other.started - one.started);
  }

  #searched() {
    this.#found.clear();
    this.#draw();
    clearTimeout(this.#asking);
    const words = this.#search.value.trim();
    if (words) this.#asking = setTimeout(() => this.#ask(words), 150);
  }

  async #ask(words) {
    const { runs } = await getJSON(`/v1/runs?limit=${PAGE}&search=${encodeURIComponent(words)}`).catch(() => ({ runs: [] }));
    if (words !== this.#search.value.trim()) return;
    for (const run of runs) this.#found.add(run.id);
    this.update(runs.filter((run) => !this.#runs.has(run.id)));
    this.#draw();
  }

  async #older(button) {
    button.disabled = true;
    const last = this.#sorted().at(-1);
    try {
      const { runs, more } = await getJSON(`/v1/runs?limit=${PAGE}&before=${encodeURIComponent(last.id)}`);
      this.#more = more;
      this.update(runs);
    } catch {
      button.disabled = false;
    }
  }

  #matches(run) {
    const words = this.#search.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length || this.#found.has(run.id)) return true;
    const text = [run.name, run.project, run.program, run.host, stateOf(run), ...(run.agents ?? [])].join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  }

  #show() {
    const projects = new Map();
    for (const run of this.#sorted()) {
      if (!this.#matches(run)) continue;
      const project = run.project || "No project";
      if (!projects.has(project)) projects.set(project, []);
      projects.get(project).push(this.#row(run));
    }
    this.#arrange(projects);
  }

  /** Move only what is not in its place: a row in focus keeps the focus. */
  #arrange(projects) {
    const wanted = [];
    for (const [project, rows] of projects) {
      const section = this.#section(project);
      const list = section.querySelector("ul");
      rows.forEach((row, at) => list.children[at] !== row && list.insertBefore(row, list.children[at] ?? null));
      while (list.children.length > rows.length) list.lastElementChild.remove();
      wanted.push(section);
    }
    if (!wanted.length) wanted.push(this.#nothing());
    else if (this.#more && !this.#search.value.trim()) wanted.push(this.#olderButton());
    wanted.forEach((one, at) => this.#list.children[at] !== one && this.#list.insertBefore(one, this.#list.children[at] ?? null));
    while (this.#list.children.length > wanted.length) this.#list.lastElementChild.remove();
  }

  #section(project) {
    for (const section of this.#list.querySelectorAll("section")) if (section.dataset.project === project) return section;
    return el("section", { "data-project": project }, el("h2", {}, project), el("ul"));
  }

  #nothing() {
    return el("p", { class: "nothing" }, this.#search.value.trim() ? "No run matches." : "No runs yet.");
  }

  #olderButton() {
    const button = el("button", { type: "button", class: "older" }, "Show older runs");
    button.addEventListener("click", () => this.#older(button));
    return button;
  }

  #row(run) {
    if (!this.#rows.has(run.id)) this.#rows.set(run.id, el("li", {}, newRow(run.id)));
    const item = this.#rows.get(run.id);
    dress(item.firstElementChild, run, run.id === this.#current);
    return item;
  }
}

function newRow(id) {
  const parts = [el("span", { class: "dot" }), el("span", { class: "run-label" }), el("time"), el("span", { class: "run-detail" })];
  return el("a", { class: "run", "data-run": id, href: `#run=${encodeURIComponent(id)}` }, ...parts);
}

function dress(row, run, current) {
  const [dot, label, time, detail] = row.children;
  const state = stateOf(run);
  row.dataset.state = state;
  row.setAttribute("aria-current", String(current));
  dot.classList.toggle("beating", state === "live" && run.live > 0);
  say(label, run.name || run.program || run.id);
  say(time, when(run.started));
  time.title = exact(run.started);
  const stand = { waiting: "asks you", live: run.live ? `${run.live} speaking` : "running", lost: "lost" }[state];
  const rest = many(run.messages, "message");
  if (detail.dataset.said === `${stand} ${rest}`) return;
  detail.dataset.said = `${stand} ${rest}`;
  detail.replaceChildren(...(stand ? [el("b", {}, stand), ", ", rest] : [rest]));
}
