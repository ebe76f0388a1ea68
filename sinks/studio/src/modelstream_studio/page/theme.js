// As the system, light or dark; early.js sets the choice before the first paint.

import { $ } from "./dom.js";

const ORDER = ["auto", "light", "dark"];
const WORDS = { auto: "as the system", light: "light", dark: "dark" };

export function switchTheme() {
  const now = document.documentElement.dataset.theme ?? "auto";
  apply(ORDER[(ORDER.indexOf(now) + 1) % ORDER.length]);
}

function apply(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "auto") localStorage.removeItem("modelstream-theme");
    else localStorage.setItem("modelstream-theme", theme);
  } catch {
    // Storage is switched off: the choice holds until the page is left.
  }
  label(theme);
}

function label(theme) {
  const button = $("theme");
  button.querySelector("use").setAttribute("href", `#i-${theme}`);
  button.setAttribute("aria-label", `Theme: ${WORDS[theme]}`);
  button.title = `Theme: ${WORDS[theme]} (t)`;
}

label(document.documentElement.dataset.theme ?? "auto");
$("theme").addEventListener("click", switchTheme);
