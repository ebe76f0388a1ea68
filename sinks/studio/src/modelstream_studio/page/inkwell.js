// Format JSON while it is still being written: a tool call's arguments come in pieces that are not JSON yet.

const ESCAPES = { n: "\n", t: "\t", '"': '"', "\\": "\\", "/": "/", r: "", b: "", f: "" };

export class Inkwell {
  #depth = 0;
  #inString = false;
  #escape = null; // what has come of an escape sequence: "", "u", "u00" …
  #fresh = false; // just after an opening bracket

  /** What to append to the readable text for this piece of JSON text. */
  pen(piece) {
    let out = "";
    for (const character of piece) out += this.#inString ? this.#within(character) : this.#between(character);
    return out;
  }

  #line() {
    return `\n${"  ".repeat(this.#depth)}`;
  }

  #between(character) {
    if (/\s/.test(character)) return "";
    if (character === "}" || character === "]") {
      this.#depth = Math.max(0, this.#depth - 1);
      const empty = this.#fresh;
      this.#fresh = false;
      return (empty ? "" : this.#line()) + character;
    }
    let out = this.#fresh ? this.#line() : "";
    this.#fresh = false;
    if (character === "{" || character === "[") {
      this.#depth += 1;
      this.#fresh = true;
    } else if (character === '"') {
      this.#inString = true;
    }
    out += character;
    if (character === ",") out += this.#line();
    if (character === ":") out += " ";
    return out;
  }

  #within(character) {
    if (this.#escape !== null) return this.#escaped(character);
    if (character === "\\") {
      this.#escape = "";
      return "";
    }
    if (character === '"') this.#inString = false;
    return character === "\n" ? this.#line() : character;
  }

  #escaped(character) {
    if (this.#escape.startsWith("u")) return this.#unicode(character);
    if (character === "u") {
      this.#escape = "u";
      return "";
    }
    this.#escape = null;
    const meant = ESCAPES[character] ?? character;
    return meant === "\n" ? this.#line() : meant;
  }

  #unicode(character) {
    this.#escape += character;
    if (this.#escape.length < 5) return "";
    const code = Number.parseInt(this.#escape.slice(1), 16);
    this.#escape = null;
    return Number.isNaN(code) ? "" : String.fromCharCode(code);
  }
}
