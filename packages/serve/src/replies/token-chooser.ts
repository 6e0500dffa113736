import type { ConstrainedReply } from "../constrained/constraint.js";

/** A token and the logarithm of its probability, before temperature and anything else that changes the odds. */
export interface TokenLogprob {
  readonly id: number;
  /** In nats. */
  readonly logprob: number;
}

/** The token that was chosen, and the likeliest ones in its place. */
export interface ChosenLogprob extends TokenLogprob {
  /** In falling order. */
  readonly top: readonly TokenLogprob[];
}

/** What changes the odds of a reply's tokens, besides its sampling. */
export interface TokenChoices {
  /** Taken off a logit for each time that the token has come in the reply, and once where it has come at all. */
  readonly frequencyPenalty: number;
  readonly presencePenalty: number;
  /** Added to logits, by id. */
  readonly bias: ReadonlyMap<number, number>;
  /** Likeliest tokens to tell of at each place; null for no probabilities at all. */
  readonly topLogprobs: number | null;
  /** The grammar that the reply is held to; null for none. */
  readonly constraint: ConstrainedReply | null;
  /** The id that ends what the model thinks: the grammar holds from there on; null for from the start. */
  readonly constrainedAfter: number | null;
}

/** Follows one reply token by token, and changes the logits of each next one. */
export class TokenChooser {
  readonly #choices: TokenChoices;
  readonly #stopIds: ReadonlySet<number>;
  readonly #bytesOf: (id: number) => Uint8Array | null;
  readonly #counts = new Map<number, number>();
  #logits: Float32Array | null = null;
  #isConstrained: boolean;

  constructor(
    choices: TokenChoices,
    stopIds: ReadonlySet<number>,
    bytesOf: (id: number) => Uint8Array | null,
  ) {
    this.#choices = choices;
    this.#stopIds = stopIds;
    this.#bytesOf = bytesOf;
    this.#isConstrained = choices.constraint !== null && choices.constrainedAfter === null;
  }

  /** @param logits [V] of the next token, changed in place */
  readonly onLogits = (logits: Float32Array): void => {
    const { frequencyPenalty, presencePenalty, bias, topLogprobs, constraint } = this.#choices;
    if (topLogprobs !== null) this.#logits = logits.slice();
    for (const [id, count] of this.#counts) logits[id] -= presencePenalty + count * frequencyPenalty;
    for (const [id, added] of bias) if (id < logits.length) logits[id] += added;
    if (this.#isConstrained) constraint!.apply(logits, this.#stopIds);
  };

  /**
   * Takes the token that was chosen.
   * @returns its probability where it is asked for, and whether the grammar lets nothing follow
   */
  push(id: number): { readonly logprob: ChosenLogprob | null; readonly isComplete: boolean } {
    const { constraint, constrainedAfter, topLogprobs } = this.#choices;
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    const logprob = this.#logits && chosenLogprob(this.#logits, id, topLogprobs!);
    this.#logits = null;
    if (!constraint) return { logprob, isComplete: false };
    if (this.#isConstrained) {
      if (!this.#stopIds.has(id)) constraint.push(id, this.#bytesOf(id) ?? new Uint8Array());
    } else if (id === constrainedAfter) {
      this.#isConstrained = true;
    }
    return { logprob, isComplete: this.#isConstrained && constraint.isComplete };
  }
}

/** Log probabilities of a token and of the `count` likeliest. @param logits [V] */
function chosenLogprob(logits: Float32Array, id: number, count: number): ChosenLogprob {
  let largest = -Infinity;
  for (const logit of logits) if (logit > largest) largest = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  const total = largest + Math.log(sum);
  const top: number[] = [];
  for (let candidate = 0; candidate < logits.length && count > 0; candidate++) {
    if (top.length === count && logits[candidate] <= logits[top[count - 1]]) continue;
    let place = top.length;
    while (place > 0 && logits[candidate] > logits[top[place - 1]]) place--;
    top.splice(place, 0, candidate);
    if (top.length > count) top.pop();
  }
  const withLogprob = (token: number): TokenLogprob => ({ id: token, logprob: logits[token] - total });
  return { ...withLogprob(id), top: top.map(withLogprob) };
}
