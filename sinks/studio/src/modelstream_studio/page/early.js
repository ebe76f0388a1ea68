// A classic script, run before the first paint: a chosen theme must not flash in from the other one.
try {
  const chosen = localStorage.getItem("modelstream-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is switched off: the page follows the system.
}
