// Figures as people read them. Times from Studio are seconds since the epoch.

const GROUPED = new Intl.NumberFormat("en");

export const count = (n) => (n >= 100_000 ? `${Math.round(n / 1000)}k` : GROUPED.format(n));
export const many = (n, word) => `${count(n)} ${word}${n === 1 ? "" : "s"}`;

/** A span of time: 0.41 s, 2.5 s, 12 s, 3 min 20 s, 2 h 5 min. */
export function span(seconds) {
  const s = Math.max(0, seconds);
  if (s < 10 && Number.isInteger(s)) return `${s} s`;
  if (s < 9.95) return `${s.toFixed(s < 0.995 ? 2 : 1)} s`;
  if (s < 59.5) return `${Math.round(s)} s`;
  const minutes = Math.floor(Math.round(s) / 60);
  if (minutes < 60) return `${minutes} min${minutes < 10 ? ` ${Math.round(s) % 60} s` : ""}`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const date = (at) => new Date(at * 1000);
const pad = (n) => String(n).padStart(2, "0");

export const clock = (at) => `${pad(date(at).getHours())}:${pad(date(at).getMinutes())}`;
export const exact = (at) => date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** When something began, as short as possible. */
export function when(at, now = Date.now() / 1000) {
  const ago = now - at;
  if (ago < 60) return "now";
  if (ago < 3600) return `${Math.floor(ago / 60)} min`;
  if (date(at).toDateString() === date(now).toDateString()) return clock(at);
  const named = { month: "short", day: "numeric" };
  if (date(at).getFullYear() !== date(now).getFullYear()) named.year = "numeric";
  return date(at).toLocaleDateString("en", named);
}

const REASONS = { length: "stopped at the length limit", content_filter: "stopped by a filter", tool_calls: "calls tools", refusal: "refused" };

/** The figures below a message, each as [text, explanation]. */
export function figures(message) {
  const { first_at: first, started, ended, usage, finish_reason: reason } = message;
  const figures = [[clock(started), exact(started)]];
  if (message.role === "user" && !usage) return figures; // a person types at leisure
  if (first) figures.push([`${span(first - started)} to first token`, "from the start to the first delta"]);
  if (usage?.output_tokens && first && ended - first > 0.05) {
    figures.push([`${rate(usage.output_tokens / (ended - first))} tokens/s`, "tokens out by the time from first to last delta"]);
  }
  if (usage) figures.push([`${count(usage.input_tokens ?? 0)} in, ${count(usage.output_tokens ?? 0)} out`, "tokens"]);
  if (ended && first) figures.push([span(ended - started), "from the start to the end"]);
  if (reason && reason !== "stop") figures.push([REASONS[reason] ?? reason, `finish reason: ${reason}`]);
  return figures;
}

const rate = (n) => (n < 9.95 ? n.toFixed(1) : count(Math.round(n)));
