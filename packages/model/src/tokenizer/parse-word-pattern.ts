import { NEWEST_CHARACTERS } from "./newest-characters.js";

/** A part of a pattern; sets of characters go by their number. */
export type PatternNode =
  | { readonly type: "set"; readonly set: number }
  | { readonly type: "not-followed-by"; readonly set: number }
  | { readonly type: "sequence"; readonly parts: readonly PatternNode[] }
  | { readonly type: "choice"; readonly ways: readonly PatternNode[] }
  /** As many as can be; `most` is null for any number. */
  | {
      readonly type: "repeat";
      readonly part: PatternNode;
      readonly least: number;
      readonly most: number | null;
    };

/** A pattern in parts. */
export interface ParsedPattern {
  readonly root: PatternNode;
  /** Character classes of regular expressions with the flag v, by their number. */
  readonly sets: readonly string[];
}

/** Longest pattern that is read, and most repetitions of a part that are written out. */
const MOST_CHARACTERS = 2000;
const MOST_COPIES = 16;
const SYNTAX = new Set("^$.*+?()[]{}|\\");
const PROPERTIES = new Set(["L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "N", "P", "S"]);

/**
 * Reads a pattern of tokenizer.json, in Oniguruma's syntax, as far as the patterns of published tokenizers go: characters, classes of them,
 * `\s`, `\S`, `\p{…}`, alternatives, groups (`(?:…)`, `(?i:…)` of letters), greedy repetition, and `(?!…)` with one set.
 * @returns null for a pattern with anything else, and for one that matches between characters
 */
export function parseWordPattern(pattern: string): ParsedPattern | null {
  if (pattern.length > MOST_CHARACTERS) return null;
  const parser = new PatternParser(pattern);
  try {
    return { root: parser.whole(), sets: parser.sets };
  } catch (error) {
    if (error instanceof UnreadPattern) return null;
    throw error;
  }
}

/** Thrown within the parser at syntax that it does not read. */
class UnreadPattern extends Error {}

class PatternParser {
  readonly sets: string[] = [];
  readonly #characters: readonly string[];
  #at = 0;

  constructor(pattern: string) {
    this.#characters = Array.from(pattern);
  }

  whole(): PatternNode {
    const node = this.#choice(false);
    // Words have a length.
    if (this.#at < this.#characters.length || canBeEmpty(node)) throw new UnreadPattern();
    return node;
  }

  get #next(): string | undefined {
    return this.#characters[this.#at];
  }

  #isAt(text: string): boolean {
    return this.#characters.slice(this.#at, this.#at + text.length).join("") === text;
  }

  #skip(text: string): boolean {
    if (!this.#isAt(text)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    if (!this.#skip(text)) throw new UnreadPattern();
  }

  #choice(fold: boolean): PatternNode {
    const ways = [this.#sequence(fold)];
    while (this.#skip("|")) ways.push(this.#sequence(fold));
    return ways.length === 1 ? ways[0] : { type: "choice", ways };
  }

  #sequence(fold: boolean): PatternNode {
    const parts: PatternNode[] = [];
    while (this.#next !== undefined && this.#next !== "|" && this.#next !== ")")
      parts.push(this.#repeated(fold));
    return { type: "sequence", parts };
  }

  #repeated(fold: boolean): PatternNode {
    if (this.#skip("(?!")) {
      const set = this.#set(fold);
      this.#expect(")");
      return { type: "not-followed-by", set };
    }
    const part = this.#atom(fold);
    const counts = this.#counts();
    if (counts === null) return part;
    // A mark behind a repetition makes it lazy or possessive.
    if (this.#next !== undefined && "?*+{".includes(this.#next)) throw new UnreadPattern();
    // What it means to repeat nothing differs between engines.
    if (canBeEmpty(part)) throw new UnreadPattern();
    return { type: "repeat", part, ...counts };
  }

  #counts(): { least: number; most: number | null } | null {
    if (this.#skip("?")) return { least: 0, most: 1 };
    if (this.#skip("*")) return { least: 0, most: null };
    if (this.#skip("+")) return { least: 1, most: null };
    if (this.#next !== "{") return null;
    const braces = /^\{(\d{1,2})(?:(,)(\d{1,2})?)?\}/.exec(
      this.#characters.slice(this.#at, this.#at + 7).join(""),
    );
    if (braces === null) throw new UnreadPattern();
    const [all, low, comma, high] = braces as readonly (string | undefined)[] as readonly [
      string,
      ...(string | undefined)[],
    ];
    const least = Number(low);
    const most = comma === undefined ? least : high === undefined ? null : Number(high);
    if (Math.max(least, most ?? 0) > MOST_COPIES || (most !== null && most < least))
      throw new UnreadPattern();
    this.#at += all.length;
    return { least, most };
  }

  #atom(fold: boolean): PatternNode {
    if (this.#next === "(") {
      const inner = this.#skip("(?i:") || (this.#skip("(?:") ? fold : this.#unread());
      const node = this.#choice(inner);
      this.#expect(")");
      return node;
    }
    return { type: "set", set: this.#set(fold) };
  }

  #unread(): never {
    throw new UnreadPattern();
  }

  /** One set of characters: a character, an escape or a class in brackets. */
  #set(fold: boolean): number {
    const source = this.#next === "[" ? this.#brackets(fold) : `[${this.#member(fold).source}]`;
    const known = this.sets.indexOf(source);
    return known === -1 ? this.sets.push(source) - 1 : known;
  }

  #brackets(fold: boolean): string {
    this.#expect("[");
    let source = this.#skip("^") ? "[^" : "[";
    if (this.#next === "]") throw new UnreadPattern();
    while (!this.#skip("]")) {
      // Sets within sets, and what they have in common, are Oniguruma's alone.
      if (this.#next === "[" || this.#isAt("&&")) throw new UnreadPattern();
      const low = this.#member(fold, true);
      if (this.#next === "-" && this.#characters[this.#at + 1] !== "]") {
        this.#at += 1;
        const high = this.#member(fold, true);
        if (low.point === null || high.point === null || high.point < low.point || fold)
          throw new UnreadPattern();
        source += `${low.source}-${high.source}`;
      } else {
        source += low.source;
      }
    }
    return `${source}]`;
  }

  /** A character or an escape, as a class writes it. */
  #member(fold: boolean, inBrackets = false): { readonly source: string; readonly point: number | null } {
    const character = this.#next;
    if (character === undefined) throw new UnreadPattern();
    this.#at += 1;
    if (character === "\\") return this.#escape(fold);
    if (!inBrackets && SYNTAX.has(character)) throw new UnreadPattern();
    return literal(character, fold);
  }

  #escape(fold: boolean): { readonly source: string; readonly point: number | null } {
    const character = this.#next;
    if (character === undefined) throw new UnreadPattern();
    this.#at += 1;
    const blank = { r: "\r", n: "\n", t: "\t" }[character];
    if (blank !== undefined) return literal(blank, fold);
    // Blanks are those of Unicode: U+0085 among them, U+FEFF not.
    if (character === "s") return { source: "\\p{White_Space}", point: null };
    if (character === "S") return { source: "\\P{White_Space}", point: null };
    if (character === "p" || character === "P") {
      const property = /^\{(\w{1,2})\}/.exec(this.#characters.slice(this.#at, this.#at + 4).join(""));
      // Letters of one case fold into both.
      if (property === null || !PROPERTIES.has(property[1]) || fold) throw new UnreadPattern();
      this.#at += property[0].length;
      const assigned = `[\\p{${property[1]}}--[${NEWEST_CHARACTERS}]]`;
      return { source: character === "p" ? assigned : `[^${assigned}]`, point: null };
    }
    if (/[\w]/.test(character)) throw new UnreadPattern();
    return literal(character, fold);
  }
}

function canBeEmpty(node: PatternNode): boolean {
  switch (node.type) {
    case "set":
      return false;
    case "not-followed-by":
      return true;
    case "sequence":
      return node.parts.every(canBeEmpty);
    case "choice":
      return node.ways.some(canBeEmpty);
    case "repeat":
      return node.least === 0;
  }
}

function literal(character: string, fold: boolean): { source: string; point: number | null } {
  const point = character.codePointAt(0)!;
  if (!fold) return { source: escaped(point), point };
  // Of letters beyond ASCII several may fold into one.
  if (point > 0x7f) throw new UnreadPattern();
  const cases = new Set([character.toLowerCase(), character.toUpperCase()]);
  return { source: Array.from(cases, (one) => escaped(one.codePointAt(0)!)).join(""), point: null };
}

const escaped = (point: number): string => `\\u{${point.toString(16)}}`;
