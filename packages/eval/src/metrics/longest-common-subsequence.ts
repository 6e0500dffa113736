/**
 * Longest common subsequence of two token lists of n and m tokens: O(n · m) time; O(m) memory for the length, n · m
 * bytes to know which tokens take part.
 */

/** Gives equal tokens equal numbers, so that the inner loops compare integers. */
function numberTokens(a: readonly string[], b: readonly string[]): [Uint32Array, Uint32Array] {
  const ids = new Map<string, number>();
  const number = (tokens: readonly string[]) =>
    Uint32Array.from(tokens, (token) => {
      let id = ids.get(token);
      if (id === undefined) ids.set(token, (id = ids.size));
      return id;
    });
  return [number(a), number(b)];
}

/** The number of tokens in a longest common subsequence. */
export function longestCommonSubsequenceLength(a: readonly string[], b: readonly string[]): number {
  const [x, y] = numberTokens(a, b);
  // lengths[j] is the length for the tokens of x seen so far and the first j of y.
  const lengths = new Uint32Array(y.length + 1);
  for (let i = 0; i < x.length; i++) {
    const token = x[i];
    let diagonal = 0;
    let left = 0;
    for (let j = 0; j < y.length; j++) {
      const above = lengths[j + 1];
      left = token === y[j] ? diagonal + 1 : above > left ? above : left;
      diagonal = above;
      lengths[j + 1] = left;
    }
  }
  return lengths[y.length];
}

const take = 0; // the tokens are equal and belong to the subsequence
const skipA = 1;
const skipB = 2;

/**
 * Positions in `a` of the tokens of one longest common subsequence, ascending. Of several subsequences it is the one
 * that ROUGE-Lsum's reference implementations find: going back from the ends, equal tokens are taken, and a token of
 * `b` is skipped only where that is strictly better than skipping one of `a`.
 */
export function longestCommonSubsequencePositions(a: readonly string[], b: readonly string[]): number[] {
  const [x, y] = numberTokens(a, b);
  const moves = new Uint8Array(x.length * y.length);
  const lengths = new Uint32Array(y.length + 1);
  for (let i = 0; i < x.length; i++) {
    let diagonal = 0;
    let left = 0;
    for (let j = 0; j < y.length; j++) {
      const above = lengths[j + 1];
      if (x[i] === y[j]) {
        moves[i * y.length + j] = take;
        left = diagonal + 1;
      } else {
        moves[i * y.length + j] = left > above ? skipB : skipA;
        if (above > left) left = above;
      }
      diagonal = above;
      lengths[j + 1] = left;
    }
  }

  const positions: number[] = [];
  let i = x.length - 1;
  let j = y.length - 1;
  while (i >= 0 && j >= 0) {
    const move = moves[i * y.length + j];
    if (move === take) positions.push(i);
    if (move !== skipB) i--;
    if (move !== skipA) j--;
  }
  return positions.reverse();
}
