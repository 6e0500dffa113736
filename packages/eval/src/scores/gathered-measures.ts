import { GatheredStatistics } from "../significance/gathered-statistics.js";
import type { MetricMeasure } from "./measure-metric.js";

/** What metrics make of texts that come in parts: the numbers of a text are held once, in the least room, also where several metrics follow from them. */
export class GatheredMeasures {
  /** `[metric]`: numbers of all texts, the same object for metrics that have them in common. */
  #statistics: readonly GatheredStatistics[] = [];
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
    const isFirst = this.#segments === 0;
    if (isFirst) this.#begin(measures);
    const added = new Set<object>();
    for (const [metric, { statistics, made }] of measures.entries()) {
      if (!added.has(statistics.values)) this.#statistics[metric].add(statistics);
      if (!isFirst && made && !added.has(made)) this.#measures[metric].made?.add?.(made);
      added.add(statistics.values);
      if (made) added.add(made);
    }
    this.#segments += measures[0]?.statistics.segments ?? 0;
  }

  /** The measures of all texts, a metric each. */
  whole(): readonly MetricMeasure[] {
    return this.#measures.map((measure, metric) => ({
      ...measure,
      statistics: { ...this.#statistics[metric].whole(), score: measure.statistics.score },
    }));
  }

  /** The measures of the first texts go on; their numbers are in the statistics. */
  #begin(measures: readonly MetricMeasure[]): void {
    const gathered = new Map<object, GatheredStatistics>();
    this.#statistics = measures.map(({ statistics: { values } }) => {
      const own = gathered.get(values) ?? new GatheredStatistics(this.expected);
      gathered.set(values, own);
      return own;
    });
    this.#measures = measures;
  }
}
