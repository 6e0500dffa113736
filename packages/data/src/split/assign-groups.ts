import { digest128, type DigestIndex } from "../rows/digest-index.js";
import { SPLITS, type SplitWeights } from "./split-weights.js";

/**
 * Assigns whole groups of rows to splits so that the splits' sizes in rows come as near as possible to the weights.
 *
 * The groups come in an order drawn from the seed and their digests, and each goes to the split that then lacks the most rows. Thus
 * every split ends within the largest group of its share, and the result depends on the set of groups and the seed, not on the
 * order of the input. When there are enough groups, a split with a weight is never left empty: it is
 * given the smallest group of the split that exceeds its share the most.
 *
 * @param groups digest of every group, by its number
 * @param sizes rows of every group
 * @param seed any safe integer
 * @returns the split of every group, as an index into {@link SPLITS}
 */
export function assignGroups(
  groups: DigestIndex,
  sizes: readonly number[],
  weights: SplitWeights,
  seed: number,
): Uint8Array {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const weightSum = SPLITS.reduce((sum, split) => sum + weights[split], 0);
  const lacking = SPLITS.map((split) => (total * weights[split]) / weightSum);
  const held = SPLITS.map(() => 0);
  const assigned = new Uint8Array(groups.size);
  const give = (group: number, split: number): void => {
    assigned[group] = split;
    lacking[split] -= sizes[group];
    held[split] += 1;
  };

  for (const group of drawOrder(groups, seed)) {
    let neediest = -1;
    for (const [split, name] of SPLITS.entries()) {
      if (weights[name] > 0 && (neediest === -1 || lacking[split] > lacking[neediest])) neediest = split;
    }
    give(group, neediest);
  }

  for (const [split, name] of SPLITS.entries()) {
    if (weights[name] === 0 || held[split] > 0) continue;
    const donor = SPLITS.map((_, other) => other)
      .filter((other) => held[other] > 1)
      .sort((left, right) => lacking[left] - lacking[right])[0];
    if (donor === undefined) continue;
    const smallest = smallestGroup(groups, sizes, assigned, donor, seed);
    held[donor] -= 1;
    lacking[donor] += sizes[smallest];
    give(smallest, split);
  }
  return assigned;
}

/** Numbers of the groups, sorted by a hash of seed and digest. */
function drawOrder(groups: DigestIndex, seed: number): Uint32Array {
  const rank = Float64Array.from({ length: groups.size }, (_, group) => drawRank(groups, group, seed));
  return Uint32Array.from({ length: groups.size }, (_, group) => group).sort(
    (left, right) => rank[left] - rank[right] || compareDigests(groups.digest(left), groups.digest(right)),
  );
}

function drawRank(groups: DigestIndex, group: number, seed: number): number {
  const [high, low] = digest128(String(seed), groups.digest(group).join(","));
  return high * 2 ** 21 + (low >>> 11); // 53 bits, exact in a double
}

function compareDigests(left: Uint32Array, right: Uint32Array): number {
  const word = left.findIndex((value, index) => value !== right[index]);
  return word === -1 ? 0 : left[word] - right[word];
}

function smallestGroup(
  groups: DigestIndex,
  sizes: readonly number[],
  assigned: Uint8Array,
  split: number,
  seed: number,
): number {
  let smallest = -1;
  for (let group = 0; group < groups.size; group++) {
    if (assigned[group] !== split) continue;
    const better =
      smallest === -1 ||
      sizes[group] < sizes[smallest] ||
      (sizes[group] === sizes[smallest] && drawRank(groups, group, seed) < drawRank(groups, smallest, seed));
    if (better) smallest = group;
  }
  return smallest;
}
