import { GatheredStatistics } from "../significance/gathered-statistics.js";
import type { MetricMeasure } from "./measure-metric.js";

/** What metrics make of texts that come in parts: the numbers of a text are held once, in the least room. */
export class GatheredMeasures {
  readonly #statistics: GatheredStatistics[] = [];
  #measures: readonly MetricMeasure[] = [];
  #segments = 0;

  /** @param expected texts that there will be */
  constructor(private readonly expected: number) {}

  /** Texts that were measured. */
  get segments(): number {
    return this.#segments;
  }

  /** Adds the next texts. @param measures of the same metrics each time */
  add(measures: readonly MetricMeasure[]): void {
    for (const [metric, { statistics, made }] of measures.entries()) {
      (this.#statistics[metric] ??= new GatheredStatistics(this.expected)).add(statistics);
      if (this.#segments > 0 && made) this.#measures[metric].made?.add?.(made);
    }
    // Those of the first texts go on; their numbers are in the statistics.
    if (this.#segments === 0) this.#measures = measures;
    this.#segments += measures[0]?.statistics.segments ?? 0;
  }

  /** The measures of all texts, a metric each. */
  whole(): readonly MetricMeasure[] {
    return this.#measures.map((measure, metric) => ({
      ...measure,
      statistics: this.#statistics[metric].whole(),
    }));
  }
}
