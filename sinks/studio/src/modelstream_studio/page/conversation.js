// The conversation of one run: receives the run's ops, joins those of a frame, keeps one view per message id.

import { Palette } from "./agents.js";
import { $, el, framed, say } from "./dom.js";
import { MessageView } from "./message.js";

const ENDS = { complete: "finished", failed: "failed", cancelled: "was stopped", cut: "was cut off" };

export class Conversation {
  #log = $("log");
  #run = null;
  #views = new Map();
  #asked = new Map();
  #palette = new Palette();
  #ops = [];
  #follow;
  #onStop;
  #onChange;
  #draw = framed(() => this.#apply());

  constructor({ follow, onStop, onChange }) {
    this.#follow = follow;
    this.#onStop = onStop;
    this.#onChange = onChange;
    setInterval(() => this.#tick(), 1_000);
  }

  /** Show another run, or none; what is in it comes by `snapshot`. */
  choose(run) {
    this.#run = run;
    this.#ops = [];
    this.#views.clear();
    this.#asked.clear();
    this.#palette = new Palette();
    this.#log.replaceChildren();
  }

  /** Bring what is shown in line with a snapshot: what has not changed is not touched. */
  snapshot({ run, messages, questions }) {
    this.#ops = [];
    for (const name of run?.agents ?? []) this.#palette.hue(name);
    for (const message of messages) this.#message(message);
    for (const question of questions) this.question(question);
    this.#changed();
  }

  /** Put these older messages before all others, without moving what one looks at. */
  earlier(messages) {
    const scroller = $("scroller");
    const below = scroller.scrollHeight - scroller.scrollTop;
    const oldest = this.#log.querySelector(".message");
    for (const message of messages) this.#message(message, oldest);
    scroller.scrollTop = scroller.scrollHeight - below;
    this.#changed();
  }

  push(ops) {
    this.#ops.push(...ops);
    this.#draw();
  }

  get run() {
    return this.#run;
  }

  get oldest() {
    return this.#log.querySelector(".message")?.id.slice(2) ?? null;
  }

  get views() {
    return [...this.#views.values()];
  }

  get live() {
    return this.views.filter((view) => view.live);
  }

  hue(name) {
    return this.#palette.hue(name);
  }

  viewOf(element) {
    const article = element?.closest?.(".message");
    return article ? this.#views.get(article.id.slice(2)) : undefined;
  }

  #apply() {
    const ops = this.#ops;
    this.#ops = [];
    for (const op of ops) this.#one(op);
    this.#changed();
  }

  #one(op) {
    if (op.op === "message") return this.#message(op.message);
    if (op.op === "end") return this.#end(op.message);
    const view = this.#views.get(op.m);
    if (!view) return undefined; // of a message too old to be shown
    if (op.op === "text") view.text(op);
    else if (op.op === "fresh") view.fresh();
    else if (op.op === "reasoning") view.reason(op.d);
    else if (op.op === "tool") view.tool(op);
    else if (op.op === "gap") view.gap(op.lost);
    return undefined;
  }

  #message(message, before = null) {
    const known = this.#views.get(message.id);
    if (known) return known.update(message);
    const view = new MessageView(message, this.#palette.hue(message.name), this.#onStop);
    this.#views.set(message.id, view);
    return this.#place(view.element, message.started, before);
  }

  #end(message) {
    const view = this.#views.get(message.id);
    if (!view) return this.#message(message);
    view.update(message);
    return this.#announce(`${message.name} ${ENDS[message.state] ?? "ended"}.`);
  }

  #announce(line) {
    // A new node each time: the same words twice would not be read out again.
    $("spoken").replaceChildren(el("span", {}, line));
  }

  /** A question that is over stays as a line of the conversation. */
  question(question) {
    this.#asked.get(question.id)?.remove();
    if (question.state === "open") return;
    const answer = question.state === "answered" ? readable(question.value) : "No longer asked.";
    const what = el("p", { class: "what" }, el("b", {}, question.prompt ?? ""), answer);
    const line = el("div", { class: "asked", id: `q-${question.id}` }, el("p", { class: "who" }, question.name ?? ""), what);
    this.#asked.set(question.id, line);
    this.#place(line, question.asked);
  }

  /** In the order of time, looked for from the end (or from the element `before` which it belongs). */
  #place(element, at, before = null) {
    element.at = at;
    let next = before;
    let one = before ? before.previousElementSibling : this.#log.lastElementChild;
    for (; one && one.at > at; one = one.previousElementSibling) next = one;
    this.#log.insertBefore(element, next);
  }

  #changed() {
    this.#follow.pin();
    $("quiet").hidden = this.#log.childElementCount > 0;
    this.#onChange();
  }

  #tick() {
    const now = Date.now() / 1000;
    for (const view of this.#views.values()) view.tick(now);
  }
}

function readable(value) {
  if (typeof value === "string") return value;
  if (value && typeof value === "object") {
    return Object.entries(value)
      .map(([key, one]) => `${key}: ${typeof one === "object" ? JSON.stringify(one) : one}`)
      .join("\n");
  }
  return String(value ?? "");
}

/** All agents of the run in their colours, those that speak with a beating dot; each leads to its latest message. */
export function showCast(views, hue, jump) {
  const cast = new Map();
  for (const view of views) {
    const agent = cast.get(view.message.name) ?? { live: 0 };
    cast.set(view.message.name, { latest: view, live: agent.live + (view.live ? 1 : 0) });
  }
  const strip = $("cast");
  const buttons = new Map([...strip.children].map((button) => [button.dataset.name, button]));
  for (const [name, { latest, live }] of cast) {
    const button = buttons.get(name) ?? strip.appendChild(castButton(name, hue(name)));
    buttons.delete(name);
    button.onclick = () => jump(latest);
    button.classList.toggle("speaks", live > 0);
    button.firstElementChild.classList.toggle("beating", live > 0);
    say(button.lastElementChild, live > 1 ? `${name} ×${live}` : name);
  }
  for (const button of buttons.values()) button.remove();
}

function castButton(name, hue) {
  return el("button", { type: "button", "data-name": name, "data-hue": hue }, el("span", { class: "dot" }), el("span", {}, name));
}
