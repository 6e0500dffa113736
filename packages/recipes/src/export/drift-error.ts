import type { GateDifference } from "@lathe/export";
import { type Phrase, phrase, SpokenError } from "@lathe/files";

/** An artefact that answers otherwise than the model that it was made of, and is not kept. */
export class DriftError extends SpokenError {
  override readonly name = "DriftError";

  /** @param report file that says what replaying the prompts has shown */
  constructor(
    readonly output: string,
    readonly report: string,
    readonly difference: GateDifference,
  ) {
    super(sentenceOf(output, report, difference));
  }
}

function sentenceOf(
  output: string,
  report: string,
  { prompt, what, expected, actual }: GateDifference,
): Phrase {
  const place = prompt === null ? phrase`its chat template` : phrase`prompt ${prompt + 1}`;
  return phrase`${output}: not kept, as it answers otherwise than the model in llama.cpp; first at ${place}, ${{ template: what, values: [] }}: expected ${expected}, got ${actual}; ${report} says more`;
}
