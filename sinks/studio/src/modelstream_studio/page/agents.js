// Each agent has a colour by its name; within a run, a later one makes way where the colour is taken.

const HUES = 12;

function home(name) {
  let hash = 2166136261;
  for (const character of name) hash = Math.imul(hash ^ character.codePointAt(0), 16777619);
  return (hash >>> 0) % HUES;
}

export class Palette {
  #hues = new Map();

  /** The number of this agent's hue in this run: the same in every tab, as agents come in the same order. */
  hue(name) {
    if (!this.#hues.has(name)) this.#hues.set(name, this.#free(home(name)));
    return this.#hues.get(name);
  }

  #free(first) {
    const taken = new Set(this.#hues.values());
    for (let step = 0; step < HUES; step += 1) {
      const hue = (first + step * 5) % HUES; // 5 and 12 share no factor: all are tried, far ones first
      if (!taken.has(hue)) return hue;
    }
    return first;
  }
}
