import { phrase, SpokenError } from "@lathe/files";
import { type AutomatonState, ByteAutomaton } from "./byte-automaton.js";
import { byteIn, ByteGrammar, type BytePattern, choice, sequence } from "./byte-grammar.js";

/** States at most of all products of a grammar together, each a place in every one of its patterns. */
const MAXIMUM_STATES = 3000;

/** What patterns have in common takes more states than may be. */
export class SharedTextsError extends SpokenError {
  override readonly name = "SharedTextsError";
}

/** A state of all patterns together: where a text may go on, by the byte that comes. */
interface SharedState {
  readonly states: readonly AutomatonState[];
  /** Ranges of bytes, by the state that they lead to. */
  readonly ranges: Map<number, [low: number, high: number][]>;
}

/** Patterns of one grammar whose texts several patterns have in common. */
export class SharedTexts {
  readonly #rules: BytePattern[];
  readonly #classes = new Map<string, BytePattern>();
  #statesLeft = MAXIMUM_STATES;

  /** @param rules of the grammar; those of the states are put behind them */
  constructor(rules: BytePattern[]) {
    this.#rules = rules;
  }

  /**
   * A pattern whose texts are those that each of several patterns has: the product of their automata, without states from which no
   * text ends. Patterns must be regular, that is hold no rule that holds itself.
   *
   * @param named rules that the patterns name
   * @returns null where the patterns have no text in common
   * @throws SharedTextsError where all products of the grammar together take too many states
   */
  textsOfAll(patterns: readonly BytePattern[], named: readonly BytePattern[]): BytePattern | null {
    const automata = patterns.map(
      (pattern) => new ByteAutomaton(new ByteGrammar([pattern, ...named.slice(1)])),
    );
    const shared = sharedStates(automata, this.#statesLeft);
    this.#statesLeft -= shared.length;
    const living = statesThatEnd(shared);
    if (!living.has(0)) return null;
    const rules = this.#rules;
    const ruleOf = new Map([...living].map((index) => [index, rules.push(sequence()) - 1]));
    for (const [index, rule] of ruleOf) {
      const { states, ranges } = shared[index];
      const options = [...ranges].flatMap(([target, some]) => {
        const next = ruleOf.get(target);
        return next === undefined ? [] : [sequence(this.#bytesOf(some), { kind: "rule", rule: next })];
      });
      if (states.every(({ accepts }) => accepts)) options.push(sequence());
      rules[rule] = choice(...options);
    }
    return { kind: "rule", rule: ruleOf.get(0)! };
  }

  /** Bytes of some ranges, under one name however often they are meant. */
  #bytesOf(ranges: readonly (readonly [number, number])[]): BytePattern {
    const bytes = choice(...ranges.map(([low, high]) => byteIn(low, high)));
    if (ranges.length === 1) return bytes;
    const key = ranges.join(" ");
    let pattern = this.#classes.get(key);
    if (!pattern) {
      pattern = { kind: "rule", rule: this.#rules.push(bytes) - 1 };
      this.#classes.set(key, pattern);
    }
    return pattern;
  }
}

/** All states that texts of all patterns may come to, the start first. */
function sharedStates(automata: readonly ByteAutomaton[], limit: number): SharedState[] {
  const shared: SharedState[] = [];
  const numbers = new Map<AutomatonState, number>();
  const numberOf = (state: AutomatonState): number => {
    let number = numbers.get(state);
    if (number === undefined) numbers.set(state, (number = numbers.size));
    return number;
  };
  const known = new Map<string, number>();
  const indexOf = (states: readonly AutomatonState[]): number => {
    const key = states.map(numberOf).join();
    let index = known.get(key);
    if (index === undefined) {
      if (shared.length >= limit)
        throw new SharedTextsError(
          phrase`expected less beside the other keywords, got what takes more than ${MAXIMUM_STATES} states together`,
        );
      known.set(key, (index = shared.push({ states, ranges: new Map() }) - 1));
    }
    return index;
  };
  indexOf(automata.map(({ start }) => start));
  for (let index = 0; index < shared.length; index++) {
    const { states, ranges } = shared[index];
    for (let byte = 0; byte < 256; byte++) {
      const next: AutomatonState[] = [];
      for (const [place, state] of states.entries()) {
        const after = automata[place].next(state, byte);
        if (after === null) break;
        next.push(after);
      }
      if (next.length < states.length) continue;
      const target = indexOf(next);
      const some = ranges.get(target);
      const last = some?.at(-1);
      if (!some) ranges.set(target, [[byte, byte]]);
      else if (last && last[1] === byte - 1) last[1] = byte;
      else some.push([byte, byte]);
    }
  }
  return shared;
}

/** States from which a text comes to its end. */
function statesThatEnd(shared: readonly SharedState[]): ReadonlySet<number> {
  const before = shared.map((): number[] => []);
  for (const [index, { ranges }] of shared.entries()) {
    for (const target of ranges.keys()) before[target].push(index);
  }
  const open = [...shared.keys()].filter((index) => shared[index].states.every(({ accepts }) => accepts));
  const ending = new Set(open);
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    for (const source of before[index]) {
      if (ending.has(source)) continue;
      ending.add(source);
      open.push(source);
    }
  }
  return ending;
}
