import { PruneError } from "./prune-error.js";

/**
 * How many weights become zero: a share of them above 0 and below 1, or in every group of M neighbouring inputs all but N,
 * written `N:M` as hardware with structured sparsity names it (2:4 keeps two of four).
 */
export type Sparsity = number | `${number}:${number}`;

/** A {@link Sparsity}, checked. */
export type SparsityRule =
  | { readonly kind: "share"; readonly share: number }
  | {
      readonly kind: "pattern";
      /** Weights of a group that stay. */
      readonly kept: number;
      /** Neighbouring inputs of a group. */
      readonly size: number;
    };

/** Largest group that is taken; hardware knows 4 and 8. */
const LARGEST_GROUP = 256;

/** Reads a sparsity. @throws PruneError */
export function sparsityRule(sparsity: Sparsity): SparsityRule {
  const fail = (): never => {
    throw new PruneError(
      "sparsity",
      "a share above 0 and below 1, or a pattern such as 2:4 or 4:8",
      String(sparsity),
    );
  };
  if (typeof sparsity === "number") {
    return sparsity > 0 && sparsity < 1 ? { kind: "share", share: sparsity } : fail();
  }
  const match = /^(\d{1,3}):(\d{1,3})$/.exec(sparsity);
  if (!match) return fail();
  const [kept, size] = [Number(match[1]), Number(match[2])];
  if (kept < 1 || kept >= size || size > LARGEST_GROUP) return fail();
  return { kind: "pattern", kept, size };
}
