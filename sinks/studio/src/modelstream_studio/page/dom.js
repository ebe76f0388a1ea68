// Elements from JavaScript. Text is always set as text; only blocks.js inserts HTML.

export const $ = (id) => document.getElementById(id);

/** An element with properties (`class`, `data-…` and `aria-…` are attributes) and children (nodes or strings). */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (/-|^for$|^role$/.test(name)) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** One of the symbols of index.html. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** Set the text only where it differs: an untouched node is neither laid out again nor read out again. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Call `work` after a short delay, once for all calls in between. */
export function paced(work, pause = 150) {
  let waiting = 0;
  return () => {
    waiting ||= setTimeout(() => {
      waiting = 0;
      work();
    }, pause);
  };
}

/** Call `work` once in the next frame, for any number of calls; in a hidden tab, which has no frames, soon. */
export function framed(work) {
  let waiting = false;
  const run = () => {
    waiting = false;
    work();
  };
  return () => {
    if (waiting) return;
    waiting = true;
    if (document.visibilityState === "hidden") setTimeout(run, 200);
    else requestAnimationFrame(run);
  };
}
