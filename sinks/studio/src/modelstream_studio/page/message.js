// One message: an article that grows. What is live changes by appending to text nodes; nothing is drawn twice.

import { copyButton, fragment } from "./blocks.js";
import { el, icon, say } from "./dom.js";
import { figures, span } from "./figures.js";
import { Inkwell } from "./inkwell.js";

const VERDICTS = { failed: "Failed", cancelled: "Stopped", cut: "Cut off" };
const CUT = "The program that wrote this is gone; the answer is not complete.";

export class MessageView {
  #message;
  #tail = document.createTextNode("");
  #fence = el("span", { class: "fence" });
  #tailBox = el("div", { class: "tail", "data-kind": "none" });
  #prose = el("div", { class: "prose" });
  #reasoning = null;
  #tools = el("div", { class: "tools" });
  #calls = new Map();
  #trouble = el("p", { class: "trouble", hidden: true });
  #missing = el("p", { class: "missing", hidden: true });
  #name = el("h2", { class: "name" });
  #model = el("p", { class: "model" });
  #figures = el("div", { class: "figures" });
  #stop;

  constructor(message, hue, onStop) {
    this.#stop = el("button", { type: "button", class: "stop", onclick: () => onStop(this) }, "Stop");
    this.#tailBox.append(this.#fence, this.#tail);
    this.#prose.append(this.#tailBox);
    const speaker = el("header", { class: "speaker" }, this.#name, this.#model);
    const said = el("div", { class: "said" }, this.#prose, this.#tools, this.#missing, this.#trouble);
    this.element = el("article", { class: "message", id: `m-${message.id}`, tabIndex: -1, "data-hue": hue }, speaker, said, this.#figures);
    this.update(message);
  }

  get message() {
    return this.#message;
  }

  get live() {
    return this.#message.state === "live";
  }

  /** Replace all of a message, by a snapshot or its end; without `blocks`, the text stays. */
  update(message) {
    const same = this.#message && this.#message.state === message.state && message.state !== "live";
    if (same && this.#message.text_length === message.text_length) return;
    this.#message = { ...this.#message, ...message };
    if (this.live) this.stoppable();
    if (message.blocks) this.#rewrite(message.blocks, message.tail ?? "");
    else if (typeof message.tail === "string" && message.state !== "live") this.#setTail(message.tail);
    if (typeof message.reasoning === "string") this.#setReasoning(message.reasoning);
    if (message.tool_calls) this.#setCalls(message.tool_calls);
    this.#dress();
  }

  #rewrite(blocks, tail) {
    this.#prose.replaceChildren(fragment(blocks), this.#tailBox);
    this.#setTail(tail);
  }

  #setTail(text) {
    this.#fence.textContent = "";
    this.#tail.data = text;
    this.#dressTail();
  }

  /** Only looks: no blank lines after the block above, and code as it will be framed. */
  #dressTail() {
    const blank = /^(?:[ \t]*\r?\n)+/.exec(this.#tail.data);
    if (blank) this.#tail.deleteData(0, blank[0].length);
    this.#tailBox.dataset.kind = kind(this.#tail.data);
    const line = this.#tailBox.dataset.kind === "code" ? this.#tail.data.indexOf("\n") + 1 : 0;
    if (!line) return;
    this.#fence.textContent = this.#tail.data.slice(0, line);
    this.#tail.deleteData(0, line);
  }

  /** Blocks that are closed now, and what follows them. */
  text({ blocks, tail, more }) {
    if (blocks?.length) this.#tailBox.before(fragment(blocks));
    if (typeof tail === "string") this.#setTail(tail);
    if (more) {
      this.#tail.appendData(more);
      if (this.#tail.length < 200 && !this.#fence.textContent) this.#dressTail();
    }
    this.#begin();
  }

  fresh() {
    this.#rewrite([], "");
  }

  reason(more) {
    this.#setReasoning(null, more);
    this.#begin();
  }

  #setReasoning(whole, more = "") {
    if (!this.#reasoning) {
      if (!whole && !more) return;
      this.#reasoning = new Reasoning();
      this.#prose.before(this.#reasoning.element);
    }
    if (whole !== null) this.#reasoning.set(whole);
    else this.#reasoning.append(more);
  }

  tool({ i, id, name, d }) {
    this.#call(i, name).append(d ?? "");
    this.#begin();
  }

  #setCalls(calls) {
    const kept = new Set(calls.map(({ i }) => i));
    for (const [i, call] of this.#calls) {
      if (kept.has(i)) continue;
      call.element.remove();
      this.#calls.delete(i);
    }
    for (const { i, name, arguments: text } of calls) this.#call(i, name).set(text ?? "");
  }

  #call(i, name) {
    if (!this.#calls.has(i)) {
      this.#calls.set(i, new ToolCall());
      this.#tools.append(this.#calls.get(i).element);
    }
    const call = this.#calls.get(i);
    if (name) call.name(name);
    return call;
  }

  gap(lost) {
    this.#message.gap = (this.#message.gap ?? 0) + lost;
    this.#dress();
  }

  stopping() {
    this.#stop.disabled = true;
    say(this.#stop, "Stopping");
  }

  stoppable() {
    this.#stop.disabled = false;
    say(this.#stop, "Stop");
  }

  /** Update the time-dependent parts of a live message. */
  tick(now) {
    const verdict = this.#figures.querySelector(".verdict");
    if (this.live && verdict) say(verdict, this.#doing(now));
  }

  #begin() {
    if (this.#message.first_at) return;
    this.#message.first_at = Date.now() / 1000;
    this.#dress();
  }

  #doing(now = Date.now() / 1000) {
    const { first_at: first, started } = this.#message;
    return first ? `speaking, ${span(Math.round(now - started))}` : "waiting for the first token";
  }

  #dress() {
    const { name, role, model_name: model, model_type: type, state, error, gap } = this.#message;
    const { dataset } = this.element;
    dataset.state = state;
    dataset.role = role ?? "assistant";
    this.element.setAttribute("aria-busy", String(this.live));
    this.element.setAttribute("aria-label", `${name}${this.live ? ", speaking" : ""}`);
    say(this.#name, name ?? "");
    say(this.#model, model ?? type ?? "");
    this.#showTrouble(state, error);
    this.#missing.hidden = !gap;
    if (gap) say(this.#missing, `${gap} characters did not arrive: Studio was unreachable for too long.`);
    this.#reasoning?.settle(this.live && !this.#prose.textContent);
    this.#showFigures();
  }

  #showTrouble(state, error) {
    this.#trouble.hidden = !(error || state === "cut");
    if (error) this.#trouble.replaceChildren(el("b", {}, error.type ?? "Error"), error.message ? ` ${error.message}` : "");
    else if (state === "cut") say(this.#trouble, CUT);
  }

  #showFigures() {
    const { state } = this.#message;
    const parts = figures(this.#message).map(([text, why]) => el("span", { title: why }, text));
    const verdict = this.live ? this.#doing() : VERDICTS[state];
    if (verdict) parts.splice(1, 0, el("span", { class: "verdict" }, verdict));
    if (this.live) parts.push(this.#stop);
    this.#figures.replaceChildren(...parts);
  }
}

/** The kind of block that the open tail will become, by its beginning; affects only its style. */
function kind(text) {
  if (!text) return "none";
  if (/^ {0,3}(```|~~~)/.test(text)) return "code";
  return /^ {0,3}#{1,6} /.test(text) ? "title" : "text";
}

class Reasoning {
  #text = document.createTextNode("");
  #label = el("span", {}, "Thinking");

  constructor() {
    const thoughts = el("div", { class: "thoughts" }, this.#text);
    this.element = el("details", { class: "reasoning" }, el("summary", {}, this.#label), thoughts);
  }

  set(whole) {
    this.#text.data = whole;
  }

  append(more) {
    this.#text.appendData(more);
  }

  settle(thinking) {
    const words = this.#text.data.split(/\s+/).filter(Boolean).length;
    say(this.#label, thinking ? "Thinking" : `Thought, ${words} word${words === 1 ? "" : "s"}`);
  }
}

class ToolCall {
  #raw = "";
  #ink = new Inkwell();
  #name = el("span", { class: "tool-name" });
  #text = document.createTextNode("");
  #pre = el("pre", { tabIndex: 0 });

  constructor() {
    this.#pre.append(this.#text);
    const head = el("div", { class: "tool-head" }, icon("tool"), this.#name, copyButton());
    this.element = el("section", { class: "tool", "aria-label": "Tool call" }, head, this.#pre);
  }

  name(name) {
    say(this.#name, name);
  }

  append(piece) {
    this.#raw += piece;
    this.#pre.raw = this.#raw;
    this.#text.appendData(this.#ink.pen(piece));
  }

  set(whole) {
    if (whole === this.#raw) return;
    this.#raw = "";
    this.#ink = new Inkwell();
    this.#text.data = "";
    this.append(whole);
  }
}
