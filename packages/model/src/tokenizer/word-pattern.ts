import { parseWordPattern, type PatternNode } from "./parse-word-pattern.js";
import { CharacterKinds, END_OF_TEXT } from "./character-kinds.js";

/** States that are remembered; the patterns of published tokenizers have some dozens. */
const MOST_STATES = 1000;

/** A step of the automaton: a set of characters to take, a set that must not come next, a choice in order of preference, or the end. */
type Step =
  | { readonly type: "take"; readonly set: number; readonly next: number }
  | { readonly type: "refuse"; readonly set: number; readonly next: number }
  | { readonly type: "choose"; readonly ways: readonly number[] }
  | { readonly type: "match" };

/** Marks a transition before whose character a match ends. */
const MATCHES = 2 ** 30;
const STATE = MATCHES - 1;
/** The state in which nothing can match any more; transitions not made yet are 0 as well, so states are counted from 1. */
const DEAD = 1;

/**
 * A pattern that cuts text into words, as a table of states by kinds of characters rather than by trying alternatives one after the other. It
 * finds what a backtracking engine finds: of the alternatives the first that matches, of a repetition the longest that lets the rest match
 * (the ordered sets of states of Pike's machine, made into a table as they occur; Cox, "Regular Expression Matching: the Virtual Machine
 * Approach", 2009).
 */
export class WordPattern {
  readonly #steps: Step[] = [];
  readonly #kinds: CharacterKinds;
  readonly #width: number;
  /** Of each state the steps that may come next, the preferred first. */
  #lists: (readonly number[])[] = [[], []];
  readonly #states = new Map<string, number>();
  readonly #begin: readonly number[];
  readonly #first: number;
  /** [states × kinds] next state, with a mark where a match ends before the character; 0 where it is not known yet */
  #table: Int32Array;

  private constructor(root: PatternNode, sets: readonly string[]) {
    this.#kinds = new CharacterKinds(sets);
    this.#width = this.#kinds.most;
    this.#table = new Int32Array(16 * this.#width);
    this.#steps.push({ type: "match" });
    this.#begin = [this.#compile(root, 0)];
    this.#first = this.#stateOf(this.#begin);
  }

  /** The automaton of a pattern in the syntax of tokenizer.json; null for one with parts that it cannot say. */
  static of(pattern: string): WordPattern | null {
    const parsed = parseWordPattern(pattern);
    if (parsed === null || !CharacterKinds.canTell(parsed.sets)) return null;
    return new WordPattern(parsed.root, parsed.sets);
  }

  /**
   * Where the match ends that begins at a place of the text, in UTF-16 units; −1 where none begins there.
   * @param end where the text ends for the pattern
   */
  matchEnd(text: string, start: number, end: number): number {
    const kinds = this.#kinds;
    const width = this.#width;
    let table = this.#table;
    let state = this.#first;
    let matched = -1;
    for (let at = start; ;) {
      let kind = END_OF_TEXT;
      let next = at + 1;
      if (at < end) {
        const unit = text.charCodeAt(at);
        kind = kinds.table[unit];
        if (kind === 0) {
          const point = at + 1 < end ? text.codePointAt(at)! : unit;
          kind = kinds.kindOf(point);
          if (point > 0xffff) next = at + 2;
        }
      }
      let transition = table[state * width + kind];
      if (transition === 0) {
        transition = this.#make(state, kind);
        table = this.#table;
      }
      if (transition >= MATCHES) {
        matched = at;
        transition &= STATE;
      }
      if (transition === DEAD) return matched;
      state = transition;
      at = next;
    }
  }

  /** Adds the steps of a part of the pattern, and returns the first of them. */
  #compile(node: PatternNode, next: number): number {
    const add = (step: Step): number => this.#steps.push(step) - 1;
    switch (node.type) {
      case "set":
        return add({ type: "take", set: node.set, next });
      case "not-followed-by":
        return add({ type: "refuse", set: node.set, next });
      case "sequence":
        return node.parts.reduceRight((after, part) => this.#compile(part, after), next);
      case "choice":
        return add({ type: "choose", ways: node.ways.map((way) => this.#compile(way, next)) });
      case "repeat": {
        let after = next;
        if (node.most === null) {
          const loop: { type: "choose"; ways: number[] } = { type: "choose", ways: [] };
          after = add(loop);
          loop.ways.push(this.#compile(node.part, after), next);
        } else {
          for (let count = node.least; count < node.most; count++) {
            after = add({ type: "choose", ways: [this.#compile(node.part, after), next] });
          }
        }
        for (let count = 0; count < node.least; count++) after = this.#compile(node.part, after);
        return after;
      }
    }
  }

  #stateOf(list: readonly number[]): number {
    if (list.length === 0) return DEAD;
    const key = list.join();
    let state = this.#states.get(key);
    if (state === undefined) {
      state = this.#lists.push(list) - 1;
      this.#states.set(key, state);
      if ((state + 1) * this.#width > this.#table.length) {
        const table = new Int32Array(2 * this.#table.length);
        table.set(this.#table);
        this.#table = table;
      }
    }
    return state;
  }

  /** The transition of a state, whose steps are in order of preference: what comes after a match is worth less than it. */
  #make(state: number, kind: number): number {
    const next: number[] = [];
    const matched = this.#follow(this.#lists[state], kind, new Set(), next);
    if (this.#lists.length >= MOST_STATES) {
      this.#lists = [[], []];
      this.#states.clear();
      this.#table.fill(0);
      this.#stateOf(this.#begin);
      return this.#stateOf(next) + (matched ? MATCHES : 0);
    }
    const transition = this.#stateOf(next) + (matched ? MATCHES : 0);
    this.#table[state * this.#width + kind] = transition;
    return transition;
  }

  /** Follows steps up to those that take a character, and notes what comes after these; true where a match ends before it. */
  #follow(steps: readonly number[], kind: number, seen: Set<number>, next: number[]): boolean {
    for (const at of steps) {
      if (seen.has(at)) continue;
      seen.add(at);
      const step = this.#steps[at];
      if (step.type === "match") return true;
      if (step.type === "take") {
        if (this.#kinds.isIn(kind, step.set) && !next.includes(step.next)) next.push(step.next);
      } else if (step.type === "choose" || !this.#kinds.isIn(kind, step.set)) {
        const ways = step.type === "choose" ? step.ways : [step.next];
        if (this.#follow(ways, kind, seen, next)) return true;
      }
    }
    return false;
  }
}
