// The only place where HTML comes in: blocks that Studio rendered from Markdown without raw HTML and sanitised.

import { el } from "./dom.js";

/** A fragment of these blocks, code with its head and copy button, tables that scroll by themselves. */
export function fragment(blocks) {
  const template = document.createElement("template");
  template.innerHTML = blocks.join("");
  for (const pre of template.content.querySelectorAll("pre")) frameCode(pre);
  for (const table of template.content.querySelectorAll("table")) {
    const frame = el("div", { class: "table", tabIndex: 0, role: "region", "aria-label": "Table" });
    table.replaceWith(frame);
    frame.append(table);
  }
  for (const link of template.content.querySelectorAll("a[href]")) {
    link.rel = "noopener noreferrer";
    link.target = "_blank";
  }
  return template.content;
}

function frameCode(pre) {
  const language = /(?:^|\s)language-(\S+)/.exec(pre.querySelector("code")?.className ?? "")?.[1] ?? "";
  const head = el("div", { class: "code-head" }, el("span", {}, language), copyButton());
  const frame = el("div", { class: "code" });
  pre.replaceWith(frame);
  pre.tabIndex = 0;
  frame.append(head, pre);
}

export const copyButton = () => el("button", { type: "button", class: "copy" }, "Copy");

/** Copy the block below the button, and confirm it on the button for a moment. */
export async function copyFrom(button) {
  const source = button.closest(".code, .tool").querySelector("pre");
  const done = await copy(source.raw ?? source.textContent);
  button.textContent = done ? "Copied" : "Not allowed";
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // over plain HTTP from another machine there is no clipboard object
  }
}

function copyBySelection(text) {
  const area = el("textarea", { class: "spoken", value: text });
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
