import { type MetricsLine, numberOf } from "../page/metrics-line.js";

/** Numbers of steps that curves show, by their keys in `metrics.jsonl`. */
const KEYS = [
  ...["loss", "validationLoss", "learningRate", "gradNorm", "tokensPerSecond", "residentBytes"],
  ...["tensorBytes", "chosenRewards", "rejectedRewards", "margin", "accuracy", "lossScale"],
] as const;

/** Points at most: a screen shows no more. */
const MOST_POINTS = 1000;

/** Digits of a point's numbers. */
const DIGITS = 6;

/** Sums over neighbouring steps. */
interface Bucket {
  /** The last of its steps. */
  step: number;
  lines: number;
  readonly sums: Partial<Record<string, number>>;
  readonly counts: Partial<Record<string, number>>;
  hasSpike: boolean;
}

/** Points from an index on; those before are as they were. */
export interface CurveChange {
  readonly from: number;
  readonly points: readonly MetricsLine[];
}

/** How far someone knows a curve. */
export interface CurvePlace {
  readonly generation: number;
  readonly points: number;
}

/**
 * The course of a run in bounded memory, however many steps it has: when there are too many points, each two neighbours become their
 * mean. A point is a line as `metrics.jsonl` has it, with the last of its steps.
 */
export class RunCurve {
  #buckets: Bucket[] = [];
  /** Lines that a point stands for. */
  #width = 1;
  #generation = 0;

  constructor(readonly mostPoints: number = MOST_POINTS) {}

  /** Changes when points that were given out are no longer what they were. */
  get generation(): number {
    return this.#generation;
  }

  /** The step of the last point; 0 before the first. */
  get lastStep(): number {
    return this.#buckets.at(-1)?.step ?? 0;
  }

  /** Takes the line of a step after all before. */
  add(line: MetricsLine): void {
    let last = this.#buckets.at(-1);
    if (last === undefined || last.lines >= this.#width) {
      if (this.#buckets.length >= this.mostPoints) this.#halve();
      last = this.#buckets.at(-1);
      if (last === undefined || last.lines >= this.#width) {
        last = { step: 0, lines: 0, sums: {}, counts: {}, hasSpike: false };
        this.#buckets.push(last);
      }
    }
    last.step = numberOf(line, "step") ?? last.step;
    last.lines++;
    last.hasSpike ||= line["spike"] !== undefined;
    for (const key of KEYS) {
      const value = numberOf(line, key);
      if (value !== null) addTo(last, key, value, 1);
    }
  }

  /** What someone does not know of it, and how far they then know it. @param place null for one who knows nothing */
  since(place: CurvePlace | null): CurveChange & { readonly place: CurvePlace } {
    // The last point may have changed since.
    const from = place?.generation === this.#generation ? Math.max(0, place.points - 1) : 0;
    return {
      from,
      points: this.#buckets.slice(from).map(pointOf),
      place: { generation: this.#generation, points: this.#buckets.length },
    };
  }

  #halve(): void {
    const halves: Bucket[] = [];
    for (let at = 0; at < this.#buckets.length; at += 2) {
      const [first, second] = [this.#buckets[at], this.#buckets.at(at + 1)];
      if (at + 1 < this.#buckets.length && second !== undefined) {
        first.step = second.step;
        first.lines += second.lines;
        first.hasSpike ||= second.hasSpike;
        for (const [key, sum] of Object.entries(second.sums)) addTo(first, key, sum!, second.counts[key]!);
      }
      halves.push(first);
    }
    this.#buckets = halves;
    this.#width *= 2;
    this.#generation++;
  }
}

function addTo({ sums, counts }: Bucket, key: string, sum: number, count: number): void {
  sums[key] = (sums[key] ?? 0) + sum;
  counts[key] = (counts[key] ?? 0) + count;
}

function pointOf({ step, sums, counts, hasSpike }: Bucket): MetricsLine {
  const point: Record<string, unknown> = { step };
  for (const [key, sum] of Object.entries(sums)) point[key] = +(sum! / counts[key]!).toPrecision(DIGITS);
  if (hasSpike) point["spike"] = true;
  return point;
}
