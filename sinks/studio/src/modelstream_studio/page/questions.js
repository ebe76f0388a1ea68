// Open questions of the run: shown below the conversation until anyone, anywhere, has answered.

import { Refused, answer } from "./api.js";
import { $, el } from "./dom.js";
import { when } from "./figures.js";
import { formOf, textForm } from "./form.js";

export class Questions {
  #dock = $("dock");
  #list = $("questions");
  #open = new Map();
  #onOver;

  /** `onOver(question)` hears of a question that is answered or withdrawn. */
  constructor(onOver) {
    this.#onOver = onOver;
  }

  clear() {
    this.#open.clear();
    this.#list.replaceChildren();
    this.#dock.hidden = true;
  }

  /** What a half-written answer stands in is kept: only what is new comes, what is over goes. */
  snapshot(questions) {
    const open = new Set(questions.filter((one) => one.state === "open").map((one) => one.id));
    for (const id of [...this.#open.keys()]) if (!open.has(id)) this.#remove(id);
    for (const question of questions) this.put(question);
  }

  put(question) {
    if (question.state !== "open") return this.#over(question);
    if (this.#open.has(question.id)) return undefined;
    const card = questionCard(question);
    this.#open.set(question.id, { question, card });
    this.#list.append(card);
    this.#dock.hidden = false;
    return undefined;
  }

  over(id, value, state = "answered") {
    const held = this.#open.get(id);
    if (held) this.#over({ ...held.question, state, value });
  }

  focus() {
    this.#dock.querySelector("input, textarea, select, button")?.focus();
  }

  get some() {
    return this.#open.size > 0;
  }

  #over(question) {
    this.#remove(question.id);
    this.#onOver(question);
  }

  #remove(id) {
    this.#open.get(id)?.card.remove();
    this.#open.delete(id);
    this.#dock.hidden = this.#open.size === 0;
  }
}

function questionCard(question) {
  const form = question.schema ? formOf(question.schema) : textForm();
  const fault = el("p", { class: "fault", role: "alert" });
  const send = el("button", { type: "submit", class: "button primary" }, "Answer");
  const foot = el("div", { class: "foot" }, send, el("small", {}, "The first answer counts, here or in the terminal."), fault);
  const box = el("form", { class: "answer", noValidate: true }, form.element, foot);
  box.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(question, form, send, fault);
  });
  box.addEventListener("keydown", (event) => sendByKey(event, box, question.schema));
  const who = el("p", { class: "who" }, el("b", {}, question.name ?? "A question"), el("span", {}, `asks, ${when(question.asked)}`));
  const watching = el("p", { class: "watching" }, "This link can only watch. Answer in the terminal, or open the link that Studio printed.");
  const body = el("div", { class: "body" }, el("p", { class: "prompt" }, question.prompt ?? ""), box, watching);
  return el("div", { class: "question", id: `ask-${question.id}` }, who, body);
}

/** Enter sends a free text, with Shift it makes a new line; Ctrl or Cmd with Enter sends any form. */
function sendByKey(event, box, schema) {
  if (event.key !== "Enter" || event.isComposing) return;
  const plain = !schema && !event.shiftKey;
  if (!plain && !event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  box.requestSubmit();
}

async function submit(question, form, send, fault) {
  const value = form.read();
  fault.textContent = "";
  if (value === undefined) {
    send.closest("form").querySelector('[aria-invalid="true"]')?.focus();
    return;
  }
  send.disabled = true;
  try {
    await answer(question.id, value);
    send.textContent = "Answered";
  } catch (problem) {
    send.disabled = false;
    fault.textContent = problem instanceof Refused ? problem.message : "Studio is not to be reached; the answer was not sent.";
  }
}
