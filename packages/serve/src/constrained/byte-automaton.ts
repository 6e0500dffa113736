import type { ByteGrammar, GrammarNode } from "./byte-grammar.js";

/** Where a rule goes on when one that it reads has ended, and what it was read by itself. */
export interface AutomatonFrame {
  readonly target: GrammarNode;
  readonly below: AutomatonFrame | null;
  readonly id: number;
}

/** One way in which the bytes so far can have been read. */
export interface AutomatonReading {
  readonly node: GrammarNode;
  readonly stack: AutomatonFrame | null;
}

/** All ways in which the bytes so far can have been read. The same object stands for the same ways. */
export class AutomatonState {
  /** By byte; undefined where it is not worked out yet, null where the byte may not come. */
  readonly after: (AutomatonState | null | undefined)[] = [];

  /**
   * @param readings those at a place that reads a byte
   * @param accepts whether the text may end here
   */
  constructor(
    readonly readings: readonly AutomatonReading[],
    readonly accepts: boolean,
  ) {}

  /** Whether the text must end here. */
  get isFinal(): boolean {
    return this.readings.length === 0;
  }
}

/** States that are known at most; a state that is in use stays when they are forgotten. */
const KNOWN_STATES = 16_384;

/** Reads a text byte by byte and knows after each whether it is the beginning of a text of the grammar. */
export class ByteAutomaton {
  readonly start: AutomatonState;
  readonly #entries: readonly GrammarNode[];
  readonly #states = new Map<string, AutomatonState>();
  readonly #frames = new Map<string, AutomatonFrame>();
  #frameCount = 0;

  constructor(grammar: ByteGrammar) {
    this.#entries = grammar.entries;
    this.start = this.#stateOf([{ node: this.#entries[0], stack: null }]);
  }

  /** The state after one more byte, or null where the byte may not come. */
  next(state: AutomatonState, byte: number): AutomatonState | null {
    const known = state.after[byte];
    if (known !== undefined) return known;
    const moved: AutomatonReading[] = [];
    for (const { node, stack } of state.readings) {
      for (const { low, high, target } of node.bytes) {
        if (byte >= low && byte <= high) moved.push({ node: target, stack });
      }
    }
    return (state.after[byte] = moved.length === 0 ? null : this.#stateOf(moved));
  }

  /** All that is reached without a byte. */
  #stateOf(readings: readonly AutomatonReading[]): AutomatonState {
    const seen = new Set<string>();
    const reading = new Map<string, AutomatonReading>();
    let accepts = false;
    const open = [...readings];
    for (let one = open.pop(); one; one = open.pop()) {
      const { node, stack } = one;
      const key = `${node.id}:${stack?.id ?? ""}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (node.bytes.length > 0) reading.set(key, one);
      for (const target of node.empty) open.push({ node: target, stack });
      for (const { rule, target } of node.calls) {
        // Where nothing follows, the rule's end is the end of what reads it: the stack stays as it is.
        open.push({
          node: this.#entries[rule],
          stack: endsOnly(target) ? stack : this.#frame(target, stack),
        });
      }
      if (!node.isEnd) continue;
      if (stack === null) accepts = true;
      else open.push({ node: stack.target, stack: stack.below });
    }
    const name = [...reading.keys()].sort().join(" ") + (accepts ? "." : "");
    let state = this.#states.get(name);
    if (!state) {
      if (this.#states.size >= KNOWN_STATES) {
        this.#states.clear();
        this.#frames.clear();
      }
      state = new AutomatonState([...reading.values()], accepts);
      this.#states.set(name, state);
    }
    return state;
  }

  #frame(target: GrammarNode, below: AutomatonFrame | null): AutomatonFrame {
    const name = `${target.id}:${below?.id ?? ""}`;
    let frame = this.#frames.get(name);
    if (!frame) {
      frame = { target, below, id: this.#frameCount++ };
      this.#frames.set(name, frame);
    }
    return frame;
  }
}

const endsOnly = ({ isEnd, bytes, empty, calls }: GrammarNode): boolean =>
  isEnd && bytes.length === 0 && empty.length === 0 && calls.length === 0;
