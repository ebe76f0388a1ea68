// Shortcuts; the dialog with the id `help` lists them.

import { $ } from "./dom.js";

/** `actions` maps a key to what it does; keys typed into a field belong to the field. */
export function listen(actions, escape) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Escape") {
      escape(event);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || $("help").open) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action(event);
  });
}

const typing = (target) => target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);

/** Move the focus to the message before (-1) or after (1) the focused or visible one. */
export function stepMessage(step, follow) {
  const all = [...document.querySelectorAll(".message")];
  if (!all.length) return;
  const at = all.indexOf(document.activeElement?.closest(".message"));
  const top = $("scroller").getBoundingClientRect().top;
  const from = at >= 0 ? at + step : all.findIndex((one) => one.getBoundingClientRect().bottom > top + 8);
  const target = all[Math.max(0, Math.min(all.length - 1, from))];
  follow.letGo();
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "nearest" });
}
