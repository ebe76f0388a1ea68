// A form from a JSON Schema: the simple kinds that one asks people for.

import { el } from "./dom.js";

let numbered = 0;

/** `{element, read}` for this schema; `read()` gives the value, or undefined when a field shows why not. */
export function formOf(schema) {
  const field = fieldOf(schema, "", { needed: true, top: true });
  return { element: field.element, read: field.read };
}

function fieldOf(schema, name, place) {
  if (schema.enum || schema.const !== undefined) return choiceField(schema, name, place);
  const type = [schema.type].flat().find((one) => one && one !== "null");
  if (type === "object" || schema.properties) return objectField(schema, name, place);
  if (type === "boolean") return booleanField(schema, name);
  if (type === "array") return inputField(schema, name, place, LIST);
  if (type === "integer" || type === "number") return inputField(schema, name, place, NUMBER);
  return inputField(schema, name, place, STRING);
}

function objectField(schema, name, { top }) {
  const needed = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(([key, one]) => [key, fieldOf(one, key, { needed: needed.has(key) })]);
  const read = () => {
    const values = fields.map(([key, field]) => [key, field.read()]);
    if (values.some(([, value]) => value === undefined)) return undefined;
    return Object.fromEntries(values.filter(([, value]) => value !== ABSENT));
  };
  const parts = fields.map(([, field]) => field.element);
  if (top) return { element: el("div", {}, ...parts), read };
  const legend = el("legend", {}, titleOf(schema, name));
  return { element: el("fieldset", { class: "field nested" }, legend, ...hint(schema), ...parts), read };
}

/** An optional field left empty: no value, and no fault either. */
const ABSENT = Symbol("absent");

const titleOf = (schema, name) => schema.title ?? name;
const hint = (schema) => (schema.description ? [el("span", { class: "hint" }, schema.description)] : []);
const star = (needed) => (needed ? [] : [el("span", { class: "hint" }, " optional")]);

function booleanField(schema, name) {
  const box = el("input", { type: "checkbox", checked: schema.default === true });
  const label = el("label", { class: "check" }, box, titleOf(schema, name) || "Yes");
  return { element: el("div", { class: "field" }, label, ...hint(schema)), read: () => box.checked };
}

function choiceField(schema, name, { needed }) {
  const options = schema.enum ?? [schema.const];
  numbered += 1;
  const group = `choice-${numbered}`;
  const fault = el("p", { class: "fault", role: "alert" });
  const radios = options.map((value) => el("input", { type: "radio", name: group, checked: value === schema.default || options.length === 1 }));
  const labels = options.map((value, at) => el("label", {}, radios[at], String(value)));
  const legend = el("legend", {}, titleOf(schema, name) || "Choose one", ...star(needed));
  const element = el("fieldset", { class: "field" }, legend, ...hint(schema), el("div", { class: "choices" }, ...labels), fault);
  const read = () => {
    const at = radios.findIndex((radio) => radio.checked);
    fault.textContent = at < 0 && needed ? "Choose one." : "";
    if (at < 0) return needed ? undefined : ABSENT;
    return options[at];
  };
  return { element, read };
}

const STRING = {
  control: (schema) => el(schema.format || schema.maxLength < 80 ? "input" : "textarea", { rows: 1, value: schema.default ?? "" }),
  value: (text) => text,
  fault: (text, schema) => lengthFault(text, schema) ?? patternFault(text, schema),
};

const NUMBER = {
  control: (schema) => el("input", { type: "text", inputMode: schema.type === "integer" ? "numeric" : "decimal", value: schema.default ?? "" }),
  value: (text) => Number(text),
  fault: (text, schema) => {
    const number = Number(text);
    if (!text.trim() || !Number.isFinite(number)) return "This is not a number.";
    if ([schema.type].flat().includes("integer") && !Number.isInteger(number)) return "This must be a whole number.";
    if (number < schema.minimum) return `The least is ${schema.minimum}.`;
    if (number > schema.maximum) return `The most is ${schema.maximum}.`;
    if (number <= schema.exclusiveMinimum) return `This must be more than ${schema.exclusiveMinimum}.`;
    if (number >= schema.exclusiveMaximum) return `This must be less than ${schema.exclusiveMaximum}.`;
    return null;
  },
};

const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

const LIST = {
  hint: "One per line.",
  control: (schema) => el("textarea", { rows: 2, value: (schema.default ?? []).join("\n") }),
  value: (text, schema) => lines(text).map((line) => (/^(number|integer)$/.test(schema.items?.type) ? Number(line) : line)),
  fault: (text, schema) => {
    const all = lines(text);
    if (all.length < schema.minItems) return `At least ${schema.minItems} lines are needed.`;
    if (all.length > schema.maxItems) return `At most ${schema.maxItems} lines are taken.`;
    if (schema.items?.enum) return all.every((line) => schema.items.enum.includes(line)) ? null : `Each is one of: ${schema.items.enum.join(", ")}.`;
    if (/^(number|integer)$/.test(schema.items?.type) && all.some((line) => !Number.isFinite(Number(line)))) return "Each line must be a number.";
    return null;
  },
};

function lengthFault(text, schema) {
  const length = [...text].length;
  if (length < schema.minLength) return `At least ${schema.minLength} characters are needed.`;
  if (length > schema.maxLength) return `At most ${schema.maxLength} characters are taken, these are ${length}.`;
  return null;
}

function patternFault(text, schema) {
  if (!schema.pattern) return null;
  try {
    return new RegExp(schema.pattern, "u").test(text) ? null : `This must match ${schema.pattern}.`;
  } catch {
    return null; // a pattern that JavaScript can't read is left to the one who asks
  }
}

function inputField(schema, name, { needed }, sort) {
  numbered += 1;
  const id = `field-${numbered}`;
  const fault = el("p", { class: "fault", id: `${id}-fault`, role: "alert" });
  const control = sort.control(schema);
  control.id = id;
  control.setAttribute("aria-describedby", fault.id);
  const title = titleOf(schema, name) || "Your answer";
  const hints = [...hint(schema), ...(sort.hint ? [el("span", { class: "hint" }, sort.hint)] : [])];
  const element = el("div", { class: "field" }, el("label", { for: id }, title, ...star(needed)), control, ...hints, fault);
  const read = () => {
    const text = control.value;
    const empty = text.trim() === "";
    const why = empty ? (needed ? "This is needed." : null) : sort.fault(text, schema);
    fault.textContent = why ?? "";
    control.setAttribute("aria-invalid", String(Boolean(why)));
    if (why) return undefined;
    return empty ? ABSENT : sort.value(text, schema);
  };
  return { element, read };
}

/** The form for a question without a schema: free text. */
export function textForm() {
  const field = inputField({ title: "" }, "", { needed: true }, STRING);
  field.element.querySelector("label").className = "spoken";
  return field;
}
