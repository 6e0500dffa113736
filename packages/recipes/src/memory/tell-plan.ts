import {
  type Cell,
  formatBytes,
  formatNumber,
  formatSeconds,
  type Phrase,
  phrase,
  type Told,
  type ToldTable,
} from "@lathe/files";
import type { RunPlan } from "../plan-run.js";
import type { DiskTimes } from "./disk-times.js";
import type { MemoryTerms } from "./memory-terms.js";
import type { StreamedStepPlan } from "./plan-step.js";
import type { Remedy } from "./plan-remedies.js";
import type { TensorPlan } from "./plan-tensor.js";
import type { StepPace } from "./plan-stream.js";

/** What memory is for. */
const termNames: Readonly<Record<keyof MemoryTerms, Phrase>> = {
  weights: phrase`weights`,
  activations: phrase`activations`,
  head: phrase`head`,
  adapter: phrase`adapter`,
  gradients: phrase`gradients`,
  optimizer: phrase`optimiser`,
  exchange: phrase`exchange between ranks`,
  workingSpace: phrase`working space`,
  process: phrase`process`,
};

const fitsPhrase = (fits: boolean, budgetBytes: number): Phrase =>
  fits ? phrase`fits in ${formatBytes(budgetBytes)}` : phrase`does not fit in ${formatBytes(budgetBytes)}`;

/** How long a disk takes. */
const diskPhrase = (disk: DiskTimes): Phrase =>
  phrase`a disk of ${formatBytes(disk.bytesPerSecond)}/s reads the weights (${formatBytes(disk.weightBytes)}) in ${formatSeconds(disk.secondsToLoad)} and writes a checkpoint (${formatBytes(disk.checkpointBytes)}) in ${formatSeconds(disk.secondsPerCheckpoint)}`;

/** What a run takes before it is begun, as people read it. @param nameOf what the settings of a remedy are called and set to */
export function tellPlan(plan: RunPlan, nameOf: (settings: Remedy["settings"]) => string): Told {
  const { terms, totalBytes, budgetBytes, fits, secondsPerStep, disk, remedies, stream, tensor } = plan;
  const rows = (Object.entries(terms) as [keyof MemoryTerms, number][])
    // Most runs have one process.
    .filter(([term, bytes]) => term !== "exchange" || bytes > 0)
    .map(([term, bytes]) => [termNames[term], formatBytes(bytes)]);
  const memory = { head: [phrase`memory`, ""], rows: [...rows, [phrase`total`, formatBytes(totalBytes)]] };
  const takingLess = {
    head: [phrase`takes less`, phrase`saves`, phrase`time`],
    rows: remedies.map(({ settings, savesBytes, timeFactor }) => [
      nameOf(settings),
      formatBytes(savesBytes),
      `${timeFactor.toFixed(2)} ×`,
    ]),
  };
  return [
    memory,
    fitsPhrase(fits, budgetBytes),
    phrase`a step takes about ${formatSeconds(secondsPerStep)} here`,
    ...(tensor === null ? [] : tensorPhrases(tensor, totalBytes)),
    ...(disk === null ? [] : [diskPhrase(disk)]),
    ...(remedies.length > 0 ? [takingLess] : []),
    ...(stream === null ? [] : [streamTable(stream), fitsPhrase(stream.fits, stream.budgetBytes)]),
  ];
}

/** What ranks that share layers take, and whether that is worth it. */
function tensorPhrases(tensor: TensorPlan, totalBytes: number): Phrase[] {
  const { ranks, sumBytes, secondsInSums, wholeBytes, secondsByMicroBatches, pays } = tensor;
  return [
    phrase`of it, ${formatSeconds(secondsInSums)} to add up ${formatBytes(sumBytes)} between ${ranks} ranks that share every layer`,
    phrase`with whole layers a rank takes ${formatBytes(wholeBytes)} in place of ${formatBytes(totalBytes)}, and a step that the ranks share by its micro-batches about ${formatSeconds(secondsByMicroBatches)}`,
    pays
      ? phrase`sharing layers pays: whole ones do not fit`
      : phrase`sharing layers does not pay: it is for models whose whole layers do not fit and whose shares do`,
  ];
}

const pacePhrase = ({ secondsPerStep, tokensPerHour }: StepPace): Phrase =>
  phrase`${formatSeconds(secondsPerStep)}, ${formatNumber(Math.round(tokensPerHour))} tokens an hour`;

/** What a step takes whose weights stay on the disk; what is not known has no row. */
function streamTable(plan: StreamedStepPlan): ToldTable {
  const { pace, secondsReading, balancedTokens, withSecondDisk, withSecondMachine, quantize } = plan;
  const rows: (readonly [Phrase, Cell])[] = [
    [phrase`memory`, formatBytes(plan.residentBytes)],
    [phrase`of it, inputs of layers`, formatBytes(plan.inputBytes)],
    [
      phrase`inputs of layers that go to the disk`,
      plan.spill === null ? null : phrase`${formatBytes(plan.spillBytes)} in ${plan.spill}`,
    ],
    [phrase`weights on the disk`, formatBytes(plan.storedBytes)],
    [phrase`tokens a step`, formatNumber(plan.tokensPerStep)],
    [
      phrase`experts that some token goes to`,
      plan.expertShare < 1 ? `${(100 * plan.expertShare).toFixed(0)} %` : null,
    ],
    [phrase`read a step`, formatBytes(plan.bytesPerStep)],
    [phrase`the disk takes for that`, secondsReading === null ? null : formatSeconds(secondsReading)],
    [phrase`computing takes here`, formatSeconds(plan.secondsComputing)],
    [
      phrase`widening the weights takes here`,
      plan.secondsWidening === 0 ? null : formatSeconds(plan.secondsWidening),
    ],
    [phrase`a step`, pace && pacePhrase(pace)],
    [
      phrase`tokens from which on the disk is no longer waited for`,
      balancedTokens === null ? null : formatNumber(balancedTokens),
    ],
    [phrase`with a second disk`, withSecondDisk && pacePhrase(withSecondDisk)],
    [phrase`with a second machine`, withSecondMachine && pacePhrase(withSecondMachine)],
  ];
  return {
    head: [
      quantize === "none"
        ? phrase`weights on the disk, as they are`
        : phrase`weights on the disk, in ${quantize}`,
      "",
    ],
    rows: rows.filter(([, value]) => value !== null),
  };
}
