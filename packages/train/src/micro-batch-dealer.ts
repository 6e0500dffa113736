import type { OwnWork } from "./reduce.js";

/** Weight of the newest step in the mean pace of a rank. */
const NEWEST = 0.4;

/** Share of a step's time that another deal must save for micro-batches to be dealt anew. */
const LEAST_GAIN = 0.1;

/** Steps between two deals: as many as make a pace be of the new one. */
const LEAST_STEPS = 3;

/**
 * Deals the micro-batches of steps to ranks: by turns at first, and by how fast each rank is once that makes steps shorter by a tenth. A
 * pace is a mean over the last steps, so that one slow step changes nothing. All ranks note the same, and so deal alike.
 */
export class MicroBatchDealer {
  readonly #ranks: number;
  /** Seconds a token of each rank; null before they are known. */
  #paces: number[] | null = null;
  /** The paces that are dealt by; null while all have their turn. */
  #dealtBy: readonly number[] | null = null;
  #stepsSince = 0;

  constructor(ranks: number) {
    this.#ranks = ranks;
  }

  /** @param tokens of each micro-batch   @returns the rank of each */
  deal(tokens: readonly number[]): number[] {
    return this.#dealtBy
      ? dealtBy(tokens, this.#dealtBy)
      : tokens.map((_, microBatch) => microBatch % this.#ranks);
  }

  /**
   * Takes note of a step. The first one is passed over: much is made ready in it.
   * @param microBatches how many it had
   * @param works what each rank computed of them
   * @returns the share of a step that each rank is dealt from now on, where that changes; else null
   */
  note(microBatches: number, works: readonly OwnWork[]): readonly number[] | null {
    this.#stepsSince++;
    if (this.#stepsSince === 1 && this.#paces === null) {
      this.#paces = new Array<number>(this.#ranks).fill(Number.NaN);
      return null;
    }
    const paces = works.map(({ tokens: own, seconds }, rank) => {
      const before = this.#paces?.[rank] ?? Number.NaN;
      if (own === 0 || !(seconds > 0)) return before;
      const pace = seconds / own;
      return Number.isNaN(before) ? pace : before + NEWEST * (pace - before);
    });
    this.#paces = paces;
    if (paces.some(Number.isNaN) || this.#stepsSince < LEAST_STEPS) return null;
    // Of even micro-batches: rows of unequal length are no reason for other shares.
    const even = new Array<number>(microBatches).fill(1);
    const now = stepSeconds(even, this.deal(even), paces);
    if (stepSeconds(even, dealtBy(even, paces), paces) > (1 - LEAST_GAIN) * now) return null;
    this.#dealtBy = paces;
    this.#stepsSince = 0;
    const speeds = paces.map((pace) => 1 / pace);
    const all = speeds.reduce((sum, speed) => sum + speed, 0);
    return speeds.map((speed) => speed / all);
  }
}

/** How long the rank takes that takes longest. */
function stepSeconds(tokens: readonly number[], ranks: readonly number[], paces: readonly number[]): number {
  const seconds = new Array<number>(paces.length).fill(0);
  tokens.forEach((count, microBatch) => (seconds[ranks[microBatch]] += count * paces[ranks[microBatch]]));
  return Math.max(...seconds);
}

/**
 * The largest micro-batches first, each to the rank that would be done with it first. Every rank has one where there are enough: what
 * computes nothing would be held for slow for ever.
 */
function dealtBy(tokens: readonly number[], paces: readonly number[]): number[] {
  const order = tokens.map((_, microBatch) => microBatch).sort((a, b) => tokens[b] - tokens[a] || a - b);
  const seconds = new Array<number>(paces.length).fill(0);
  const idle = new Set(paces.keys());
  const ranks = new Array<number>(tokens.length).fill(0);
  order.forEach((microBatch, place) => {
    const left = order.length - place;
    const candidates = idle.size > 0 && left <= idle.size ? [...idle] : [...paces.keys()];
    const doneAt = (rank: number): number => seconds[rank] + tokens[microBatch] * paces[rank];
    const rank = candidates.reduce((best, each) => (doneAt(each) < doneAt(best) ? each : best));
    ranks[microBatch] = rank;
    seconds[rank] = doneAt(rank);
    idle.delete(rank);
  });
  return ranks;
}
