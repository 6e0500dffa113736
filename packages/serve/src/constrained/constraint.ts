import type { AutomatonState, ByteAutomaton } from "./byte-automaton.js";
import type { TokenTrie } from "./token-trie.js";

/** Masks that are kept; one takes a bit for each token of the vocabulary. */
const KEPT_MASKS = 256;

/**
 * A grammar over the tokens of a vocabulary: which may come next, by the state that the bytes so far lead to. Replies that are
 * held to the same grammar share it.
 */
export class TokenConstraint {
  readonly #masks = new Map<AutomatonState, Uint32Array>();

  constructor(
    readonly automaton: ByteAutomaton,
    readonly trie: TokenTrie,
  ) {}

  /** A bit for each id: set where its bytes may come. */
  mask(state: AutomatonState): Uint32Array {
    const known = this.#masks.get(state);
    if (known) return known;
    const mask = new Uint32Array(Math.ceil(this.trie.vocabularySize / 32));
    const { ids, bytes, common } = this.trie;
    /** States along the token before: after no byte, after one, and so on as far as they may come. */
    const path: AutomatonState[] = [state];
    for (let place = 0; place < ids.length; place++) {
      // A beginning that may not come is not read again: the path is shorter than what is common then.
      if (common[place] >= path.length) continue;
      path.length = common[place] + 1;
      const text = bytes[place];
      let now: AutomatonState | null = path[path.length - 1];
      for (let index = common[place]; index < text.length; index++) {
        now = this.automaton.next(now, text[index]);
        if (now === null) break;
        path.push(now);
      }
      if (now !== null) mask[ids[place] >>> 5] |= 1 << (ids[place] & 31);
    }
    const [oldest] = this.#masks.keys();
    if (this.#masks.size >= KEPT_MASKS && oldest) this.#masks.delete(oldest);
    this.#masks.set(state, mask);
    return mask;
  }

  /** Follows a reply from its start. */
  begin(): ConstrainedReply {
    return new ConstrainedReply(this);
  }
}

/** One reply under a constraint. */
export class ConstrainedReply {
  #state: AutomatonState;

  constructor(readonly constraint: TokenConstraint) {
    this.#state = constraint.automaton.start;
  }

  /** Whether the text so far is whole and nothing may follow. */
  get isComplete(): boolean {
    return this.#state.isFinal;
  }

  /**
   * Rules out what may not come: its logit becomes −∞. Ids that end a reply may come where the text is whole.
   * @param logits [V], changed in place
   */
  apply(logits: Float32Array, stopIds: ReadonlySet<number>): void {
    const mask = this.constraint.mask(this.#state);
    const kept = this.#state.accepts ? Array.from(stopIds, (id) => [id, logits[id]] as const) : [];
    for (let id = 0; id < logits.length; id++) {
      if ((mask[id >>> 5] & (1 << (id & 31))) === 0) logits[id] = -Infinity;
    }
    for (const [id, logit] of kept) logits[id] = logit;
  }

  /**
   * Takes the id that was chosen.
   * @throws RangeError for one that was ruled out
   */
  push(id: number, bytes: Uint8Array): void {
    for (const byte of bytes) {
      const next = this.constraint.automaton.next(this.#state, byte);
      if (next === null) throw new RangeError(`token ${id} may not come here`);
      this.#state = next;
    }
  }
}
