import { join } from "node:path";
import { type RunTotals, RunTally } from "../page/run-totals.js";
import { LineTail } from "./line-tail.js";
import { RunCurve } from "./run-curve.js";
import { metricsLineOf } from "./run-overview.js";

/** Bytes of metrics that are read at a time. */
const BUDGET = 4 * 1024 * 1024;

/** The metrics of a run as they grow, in bounded memory. */
export class RunCourse {
  readonly #tail: LineTail;
  #curve = new RunCurve();
  #tally = new RunTally();
  #lines = 0;
  #badLines = 0;
  /** Curves before this one: one of another file is another curve. */
  #resets = 0;

  /** @param folder of the run */
  constructor(folder: string) {
    this.#tail = new LineTail(join(folder, "metrics.jsonl"));
  }

  get curve(): RunCurve {
    return this.#curve;
  }

  /** How often the metrics were begun anew, as a run that goes on does from a checkpoint. */
  get resets(): number {
    return this.#resets;
  }

  /** Steps that were read. */
  get lines(): number {
    return this.#lines;
  }

  /** Lines that could not be read. */
  get badLines(): number {
    return this.#badLines;
  }

  /** What the lines so far come to. */
  totals(): RunTotals {
    return this.#tally.totals();
  }

  /** Reads what has come since. @returns whether there is more to read at once */
  async read(): Promise<boolean> {
    return await this.#tail.read(
      {
        onLine: (text) => {
          const line = text === null ? null : metricsLineOf(text);
          // Steps only go up; what does not is none of this course.
          if (line === null || (line["step"] as number) <= this.#curve.lastStep) {
            this.#badLines++;
            return;
          }
          this.#lines++;
          this.#curve.add(line);
          this.#tally.add(line);
        },
        onReset: () => {
          this.#curve = new RunCurve();
          this.#tally = new RunTally();
          this.#lines = 0;
          this.#badLines = 0;
          this.#resets++;
        },
      },
      BUDGET,
    );
  }
}
