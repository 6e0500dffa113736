// Lathe's side of a measurement, in a process of its own so that its peak of memory is of nothing else:
// node dist/contestant.js CASE JOB.json. The last line of stdout is the outcome as JSON.

import { readFileSync } from "node:fs";
import type { LatheGenerateJob } from "./generate/generate-job.js";
import { measureGeneration } from "./generate/measure-generation.js";
import { measureBandwidth } from "./shared/memory-bandwidth.js";
import { isInputError } from "./shared/usage-error.js";
import { measureTraining } from "./train/measure-training.js";
import type { LatheTrainJob } from "./train/train-job.js";

const cases: Readonly<Record<string, (job: unknown) => Promise<object>>> = {
  bandwidth: (job) => measureBandwidth((job as { readonly repeats: number }).repeats),
  generate: (job) => measureGeneration(job as LatheGenerateJob),
  train: (job) => measureTraining(job as LatheTrainJob),
};

const [name, jobFile] = process.argv.slice(2);
try {
  console.log(JSON.stringify(await cases[name](JSON.parse(readFileSync(jobFile, "utf8")))));
} catch (error) {
  const isInput = isInputError(error);
  console.error(isInput ? error.message : error);
  process.exitCode = isInput ? 2 : 1;
}
