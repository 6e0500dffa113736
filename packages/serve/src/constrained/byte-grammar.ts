/**
 * What a text may be, as a pattern over its bytes. A `rule` stands for a pattern that is named by its number, so that
 * patterns may hold themselves.
 */
export type BytePattern =
  | { readonly kind: "byte"; readonly low: number; readonly high: number }
  | { readonly kind: "sequence"; readonly parts: readonly BytePattern[] }
  | { readonly kind: "choice"; readonly options: readonly BytePattern[] }
  | {
      readonly kind: "repeat";
      readonly part: BytePattern;
      readonly least: number;
      /** Infinity for any number. */
      readonly most: number;
    }
  | { readonly kind: "rule"; readonly rule: number };

/** One byte of a range, both ends included. */
export const byteIn = (low: number, high: number = low): BytePattern => ({ kind: "byte", low, high });
/** The parts one after the other. */
export const sequence = (...parts: readonly BytePattern[]): BytePattern => ({ kind: "sequence", parts });
/** One of the options; none of none. */
export const choice = (...options: readonly BytePattern[]): BytePattern => ({ kind: "choice", options });
/** The part a number of times. */
export const repeat = (part: BytePattern, least: number, most: number): BytePattern => ({
  kind: "repeat",
  part,
  least,
  most,
});
/** The part or nothing. */
export const optional = (part: BytePattern): BytePattern => repeat(part, 0, 1);
/** The bytes of a text in UTF-8. */
export const literal = (text: string): BytePattern =>
  sequence(...Array.from(Buffer.from(text, "utf8"), (byte) => byteIn(byte)));

/** A place in a grammar. Its edges read a byte, read nothing, or read a rule and go on behind it. */
export interface GrammarNode {
  readonly bytes: { readonly low: number; readonly high: number; readonly target: GrammarNode }[];
  readonly empty: GrammarNode[];
  readonly calls: { readonly rule: number; readonly target: GrammarNode }[];
  /** Whether the rule that the place is in ends here. */
  readonly isEnd: boolean;
  /** For telling places apart. */
  readonly id: number;
}

/** A grammar has more places than may be: what describes it is too large. */
export class GrammarSizeError extends Error {
  override readonly name = "GrammarSizeError";

  /** @param limit places at most */
  constructor(readonly limit: number) {
    super(`a grammar of more than ${limit} places`);
  }
}

/** Places at most. A property takes as many as its name has bytes, a repetition as many as its highest number. */
const MAXIMUM_NODES = 200_000;

/** Rules compiled to places; the text as a whole is the first rule. */
export class ByteGrammar {
  /** Where each rule begins. */
  readonly entries: readonly GrammarNode[];
  #count = 0;

  /**
   * @param rules at least one
   * @throws GrammarSizeError
   */
  constructor(rules: readonly BytePattern[]) {
    this.entries = rules.map((pattern) => this.#compile(pattern, this.#node(true)));
  }

  #node(isEnd = false): GrammarNode {
    if (this.#count === MAXIMUM_NODES) throw new GrammarSizeError(MAXIMUM_NODES);
    return { bytes: [], empty: [], calls: [], isEnd, id: this.#count++ };
  }

  /** @returns where the pattern begins that goes on at a place */
  #compile(pattern: BytePattern, next: GrammarNode): GrammarNode {
    switch (pattern.kind) {
      case "byte": {
        const node = this.#node();
        node.bytes.push({ low: pattern.low, high: pattern.high, target: next });
        return node;
      }
      case "rule": {
        const node = this.#node();
        node.calls.push({ rule: pattern.rule, target: next });
        return node;
      }
      case "sequence":
        return pattern.parts.reduceRight((after, part) => this.#compile(part, after), next);
      case "choice": {
        const node = this.#node();
        for (const option of pattern.options) node.empty.push(this.#compile(option, next));
        return node;
      }
      case "repeat":
        return this.#compileRepeat(pattern, next);
    }
  }

  #compileRepeat(
    { part, least, most }: Extract<BytePattern, { kind: "repeat" }>,
    next: GrammarNode,
  ): GrammarNode {
    let entry = next;
    if (most === Infinity) {
      const loop = this.#node();
      loop.empty.push(this.#compile(part, loop), next);
      entry = loop;
    } else {
      for (let count = most; count > least; count--) {
        const node = this.#node();
        node.empty.push(this.#compile(part, entry), next);
        entry = node;
      }
    }
    for (let count = 0; count < least; count++) entry = this.#compile(part, entry);
    return entry;
  }
}
