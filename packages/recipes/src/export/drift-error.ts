import type { GateDifference } from "@lathe/export/gate";
import { type Phrase, phrase, SpokenError } from "@lathe/files";

/** What an artefact was refused for. */
export interface Drift {
  readonly output: string;
  /** File that says what replaying the prompts has shown. */
  readonly report: string;
  /** The program that it was opened in. */
  readonly runtime: string;
  readonly difference: GateDifference;
}

/** An artefact that answers otherwise than the model that it was made of, and is not kept. */
export class DriftError extends SpokenError {
  override readonly name = "DriftError";
  readonly output: string;
  readonly report: string;
  readonly difference: GateDifference;

  constructor(drift: Drift) {
    super(sentenceOf(drift));
    this.output = drift.output;
    this.report = drift.report;
    this.difference = drift.difference;
  }
}

function sentenceOf({ output, report, runtime, difference }: Drift): Phrase {
  const { prompt, what, expected, actual } = difference;
  const place = prompt === null ? phrase`its chat template` : phrase`prompt ${prompt + 1}`;
  return phrase`${output}: not kept, as it answers otherwise than the model in ${runtime}; first at ${place}, ${{ template: what, values: [] }}: expected ${expected}, got ${actual}; ${report} says more`;
}
