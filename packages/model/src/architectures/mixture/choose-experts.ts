import type { ExpertGroups } from "./mixture-config.js";

/** Members of a group that its own score is the sum of. */
const GROUP_MEMBERS = 2;

/** The places of the highest values, highest first, of equals the first; −∞ is never one where others are left. */
function highest(values: ArrayLike<number>, start: number, end: number, count: number): number[] {
  const places: number[] = [];
  for (let place = start; place < end; place++) {
    let at = places.length;
    while (at > 0 && values[place] > values[places[at - 1]]) at--;
    if (at >= count) continue;
    places.splice(at, 0, place);
    if (places.length > count) places.pop();
  }
  return places;
}

/**
 * The experts of each token: those with the highest scores, or, with groups, the highest corrected scores within the groups
 * whose two best members have the highest sums (arXiv:2412.19437, §2.1.2).
 *
 * Axes: N tokens, E experts, k experts a token.
 * @param scores [N, E]
 * @param correction [E], added to the scores for the choice alone; null for none
 * @returns [N, k] expert numbers, row-major
 */
export function chooseExperts(
  scores: Float32Array,
  experts: number,
  perToken: number,
  groups: ExpertGroups | null,
  correction: Float32Array | null,
): Int32Array {
  const tokens = scores.length / experts;
  const chosen = new Int32Array(tokens * perToken);
  const row = new Float32Array(experts);
  for (let n = 0; n < tokens; n++) {
    for (let e = 0; e < experts; e++) row[e] = scores[n * experts + e] + (correction ? correction[e] : 0);
    if (groups) leaveGroups(row, groups);
    chosen.set(highest(row, 0, experts, perToken), n * perToken);
  }
  return chosen;
}

/** Sets the scores of all groups but the best to −∞. */
function leaveGroups(row: Float32Array, { count, perToken }: ExpertGroups): void {
  const size = row.length / count;
  const sums = Float64Array.from({ length: count }, (_, group) =>
    highest(row, group * size, (group + 1) * size, GROUP_MEMBERS).reduce((sum, place) => sum + row[place], 0),
  );
  const kept = new Set(highest(sums, 0, count, perToken));
  for (let group = 0; group < count; group++) {
    if (!kept.has(group)) row.fill(-Infinity, group * size, (group + 1) * size);
  }
}
