import { createHash } from "node:crypto";
import type { BranchedRow } from "@lathe/model";
import { breathe } from "../breathe.js";
import type { BranchedModel } from "./branched-model.js";
import { completionLikelihoods } from "./completion-likelihoods.js";
import { bytesOfIds } from "./preference-rows.js";

/** The summed log-likelihood of a completion after a prompt before training, in nats. */
export type ReferenceLikelihood = (prompt: Int32Array, completion: Int32Array) => number;

/** How {@link ReferenceLikelihoods.compute} goes on. */
export interface ComputeReferenceOptions {
  /** Tokens of a batch, unless a row alone has more. @defaultValue 4096 */
  readonly batchTokens?: number;
  /** Rows computed so far, and in all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Characters of a base64 digest that tell completions apart: 132 bits. */
const KEY_CHARACTERS = 22;

const keyOf = (prompt: Int32Array, completion: Int32Array): string => {
  const hash = createHash("sha256");
  for (const bytes of bytesOfIds(prompt, completion)) hash.update(bytes);
  return hash.digest("base64url").slice(0, KEY_CHARACTERS);
};

/**
 * Log-likelihoods of completions under a model before it is trained, each computed once and known by a hash of its tokens: what
 * DPO and KTO compare with, without a second model in memory.
 */
export class ReferenceLikelihoods {
  readonly #values: Map<string, number>;

  /** @param entries of {@link ReferenceLikelihoods.entries}, computed before with the same model */
  constructor(entries: Iterable<readonly [string, number]> = []) {
    this.#values = new Map(entries);
  }

  /** The log-likelihood of a completion. @throws RangeError if it was not computed */
  readonly of: ReferenceLikelihood = (prompt, completion) => {
    const value = this.#values.get(keyOf(prompt, completion));
    if (value !== undefined) return value;
    throw new RangeError("the log-likelihood of this completion under the reference was not computed");
  };

  /** All that is known, by hash. */
  entries(): IterableIterator<[string, number]> {
    return this.#values.entries();
  }

  /**
   * Computes what is not known yet.
   * @returns how many completions were computed
   * @throws the signal's reason when it aborts
   */
  async compute(
    model: BranchedModel,
    rows: Iterable<BranchedRow>,
    { batchTokens = 4096, onProgress, signal }: ComputeReferenceOptions = {},
  ): Promise<number> {
    const missing = this.#missing(rows);
    let computed = 0;
    for (let start = 0; start < missing.length;) {
      signal?.throwIfAborted();
      let [end, tokens] = [start, 0];
      while (end < missing.length && (end === start || tokens + missing[end].tokens <= batchTokens)) {
        tokens += missing[end++].tokens;
      }
      const batch = missing.slice(start, end);
      const values = completionLikelihoods(
        model,
        batch.map(({ row }) => row),
      );
      batch
        .flatMap(({ keys }) => keys)
        .forEach((key, index) => {
          this.#values.set(key, values[index]);
        });
      computed += values.length;
      start = end;
      onProgress?.(end, missing.length);
      await breathe();
    }
    return computed;
  }

  /** Rows of the branches that are not known, each once. */
  #missing(rows: Iterable<BranchedRow>): { row: BranchedRow; keys: string[]; tokens: number }[] {
    const asked = new Set<string>();
    const missing: { row: BranchedRow; keys: string[]; tokens: number }[] = [];
    for (const { stem, branches } of rows) {
      const keys: string[] = [];
      const own = branches.filter((branch) => {
        const key = keyOf(stem, branch);
        if (this.#values.has(key) || asked.has(key)) return false;
        asked.add(key);
        keys.push(key);
        return true;
      });
      if (own.length === 0) continue;
      const tokens = own.reduce((sum, { length }) => sum + length, stem.length);
      missing.push({ row: { stem, branches: own }, keys, tokens });
    }
    return missing;
  }
}
