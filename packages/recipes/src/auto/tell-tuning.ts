import { join } from "node:path";
import { type Phrase, phrase, type Told } from "@lathe/files";
import { tellInterrupted, tellWritten } from "../training/tell-trained.js";
import type { AutoTuneSummary } from "./auto-tune.js";
import { candidateName } from "./candidate.js";

const shown = (loss: number | null | undefined): Phrase =>
  loss == null ? phrase`none` : phrase`${loss.toFixed(4)}`;

/** What a trial came to. */
export function tellTrial(trial: AutoTuneSummary["trials"][number]): Phrase {
  const { round, steps, validationLoss, fault } = trial;
  const name = candidateName(trial);
  const found = phrase`round ${round}: ${name}: validation loss ${shown(validationLoss)} after ${steps} steps`;
  return fault === null ? found : phrase`${found} (${fault})`;
}

/** What the run with the best settings came to. @param output folder of all */
export function tellTuning({ result, adapter }: AutoTuneSummary, output: string): Told {
  return [
    {
      lines: [
        phrase`validation loss ${shown(result.validationLoss)}`,
        ...(result.interrupted ? [tellInterrupted(result.steps, join(output, "run"))] : []),
        ...tellWritten({ adapter, model: result.model }),
        phrase`page of the run: ${join(output, "auto.html")}`,
      ],
    },
  ];
}
