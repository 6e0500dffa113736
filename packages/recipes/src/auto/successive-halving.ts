/** A round of trials: how long each is, in multiples of the first round's, and how many go on from it. */
export interface Rung {
  readonly factor: number;
  readonly kept: number;
}

/** A candidate and the loss it came to. */
export interface Scored<Candidate> {
  readonly candidate: Candidate;
  readonly loss: number;
}

/** A candidate to try, in a round from 0. */
export interface Attempt<Candidate> {
  readonly candidate: Candidate;
  readonly round: number;
}

/** What {@link successiveHalving} needs. */
export interface HalvingOptions<Candidate> {
  readonly candidates: readonly Candidate[];
  readonly rungs: readonly Rung[];
  /** Candidates that are tried besides those that go on from the first rung. */
  readonly neighbours: (best: Candidate) => readonly Candidate[];
}

/**
 * Successive halving (Jamieson and Talwalkar, arXiv:1502.07943): all candidates are tried for a short time, the best of them for
 * a longer one, and so on. The second round also has the neighbours of the best so far. Losses are only compared within a
 * round. Where the time ends within a round, the best of it wins if more were tried than go on from it, else the best of the
 * round before.
 *
 * It yields what is to be tried, and is answered with the loss, or null where there is no time left for it.
 *
 * @returns the winner; null where not one could be tried
 */
export function* successiveHalving<Candidate>({
  candidates,
  rungs,
  neighbours,
}: HalvingOptions<Candidate>): Generator<Attempt<Candidate>, Scored<Candidate> | null, number | null> {
  let field = [...candidates];
  let winner: Scored<Candidate> | null = null;
  for (const [round, { kept }] of rungs.entries()) {
    const scored: Scored<Candidate>[] = [];
    let isOver = false;
    for (const candidate of field) {
      const loss = yield { candidate, round };
      isOver = loss === null;
      if (loss === null) break;
      scored.push({ candidate, loss });
    }
    scored.sort((a, b) => a.loss - b.loss);
    const best = scored.at(0);
    if (best && (winner === null || scored.length >= Math.min(kept + 1, field.length))) winner = best;
    if (isOver || !best) return winner;
    field = scored.slice(0, kept).map(({ candidate }) => candidate);
    if (round === 0) field.push(...neighbours(best.candidate));
  }
  return winner;
}
