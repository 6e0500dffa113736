import { type Phrase, phrase } from "@lathe/files";
import { candidateName } from "./candidate.js";
import type { ChosenSettings, Trial } from "./trial.js";

/** What the reasons follow from. */
export interface Reasoned {
  readonly chosen: ChosenSettings;
  readonly trials: readonly Trial[];
  /** Whether there would have been more steps with more time. */
  readonly isLimitedByTime: boolean;
}

/** Says why settings were chosen, a sentence a decision. */
export function reasons({ chosen, trials, isLimitedByTime }: Reasoned): Phrase[] {
  const { quantize, batchSize, stepRows, steps, epochs } = chosen;
  const sentences = [...reasonsOfTrials(chosen, trials)];
  if (quantize !== "none") {
    sentences.push(
      phrase`the frozen weights are packed as ${quantize}, since more exact ones do not fit the memory`,
    );
  }
  if (batchSize < stepRows) {
    sentences.push(
      phrase`${batchSize} rows at a time, ${Math.ceil(stepRows / batchSize)} times a step, since more do not fit the memory`,
    );
  }
  sentences.push(
    isLimitedByTime
      ? phrase`${steps} steps, ${epochs} passes over the rows: as many as there is time for`
      : phrase`${steps} steps, ${epochs} passes over the rows: with more, rows would be learnt by heart`,
  );
  return sentences;
}

function reasonsOfTrials(chosen: ChosenSettings, trials: readonly Trial[]): Phrase[] {
  const name = candidateName(chosen);
  const own = trials.filter((trial) => candidateName(trial) === name && trial.validationLoss !== null).at(-1);
  if (!own) return [phrase`${name}: no trial fitted into the time, and these settings suit most models`];
  const round = trials.filter((trial) => trial.round === own.round);
  const others = round
    .filter((trial) => trial !== own && trial.validationLoss !== null)
    .sort((a, b) => a.validationLoss! - b.validationLoss!);
  const failed = round.filter(({ fault }) => fault !== null).length;
  return [
    phrase`${name}: validation loss ${own.validationLoss!.toFixed(4)} after ${own.steps} steps, the lowest of ${round.length} in round ${own.round}`,
    ...others
      .slice(0, 2)
      .map((other) => phrase`${candidateName(other)} came to ${other.validationLoss!.toFixed(4)}`),
    ...(failed > 0 ? [phrase`${failed} of them failed: their losses were not finite`] : []),
  ];
}
