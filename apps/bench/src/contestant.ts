// Lathe's side of a measurement, in a process of its own so that its peak of memory is of nothing else:
// node dist/contestant.js CASE JOB.json, or CASE and the job itself in base64url where other machines read it too. The last line of stdout is the outcome as JSON.

import { readFileSync } from "node:fs";
import { keepHeapSmall, keepYoungGenerationSmall } from "@lathe/train/process";
import type { AnswerJob } from "./answer/answer-job.js";
import type { DataJob } from "./data/data-job.js";
import type { EvaluateJob } from "./evaluate/evaluate-job.js";
import type { ExpertsJob } from "./experts/experts-job.js";
import type { LatheGemmJob } from "./gemm/gemm-job.js";
import type { TfjsJob } from "./gemm/measure-tfjs-product.js";
import type { LatheGenerateJob } from "./generate/generate-job.js";
import type { LatheRepliesJob, LlamaCppJob } from "./llama/replies-job.js";
import type { LatheLoadJob } from "./load/load-job.js";
import type { PlanJob } from "./plan/plan-job.js";
import type { ScalingJob } from "./scaling/scaling-job.js";
import type { StreamedPlanJob } from "./streamed-plan/streamed-plan-job.js";
import type { ScoresJob } from "./scores/scores-job.js";
import { isInputError } from "./shared/usage-error.js";
import type { TokensJob } from "./tokens/tokens-job.js";
import type { LatheTrainJob } from "./train/train-job.js";

/** Modules are imported by the case that needs them: a process that is timed as a whole takes no others in. */
const cases: Readonly<Record<string, (job: unknown) => Promise<object | null>>> = {
  answer: async (job) => {
    const { measureAnswers } = await import("./answer/measure-answers.js");
    return await measureAnswers(job as AnswerJob);
  },
  bandwidth: async (job) => {
    const { measureBandwidth } = await import("./shared/memory-bandwidth.js");
    return await measureBandwidth((job as { readonly repeats: number }).repeats);
  },
  data: async (job) => {
    const { measureData } = await import("./data/measure-data.js");
    return await measureData(job as DataJob);
  },
  evaluate: async (job) => {
    const { measureEvaluation } = await import("./evaluate/measure-evaluation.js");
    return await measureEvaluation(job as EvaluateJob);
  },
  experts: async (job) => {
    const { measureExperts } = await import("./experts/measure-experts.js");
    return measureExperts(job as ExpertsJob);
  },
  gemm: async (job) => {
    const { measureProducts } = await import("./gemm/measure-products.js");
    return await measureProducts(job as LatheGemmJob);
  },
  generate: async (job) => {
    const { measureGeneration } = await import("./generate/measure-generation.js");
    return await measureGeneration(job as LatheGenerateJob);
  },
  "llama-cpp": async (job) => {
    const { measureLlamaCpp } = await import("./llama/measure-llama-cpp.js");
    return await measureLlamaCpp(job as LlamaCppJob);
  },
  load: async (job) => {
    const { measureLoad } = await import("./load/measure-load.js");
    return await measureLoad(job as LatheLoadJob);
  },
  plan: async (job) => {
    // As the command does before it loads what trains.
    keepYoungGenerationSmall();
    const { measurePlannedRun } = await import("./plan/measure-planned-run.js");
    return await measurePlannedRun(job as PlanJob);
  },
  pulse: async () => {
    const { measurePulse } = await import("./quiet/pulse.js");
    return { pulse: measurePulse() };
  },
  replies: async (job) => {
    const { measureReplies } = await import("./llama/measure-replies.js");
    return await measureReplies(job as LatheRepliesJob);
  },
  scaling: async (job) => {
    const { measureScaling } = await import("./scaling/measure-scaling.js");
    return await measureScaling(job as ScalingJob);
  },
  scores: async (job) => {
    // As the command does before it loads what scores.
    keepHeapSmall();
    const { measureScores } = await import("./scores/measure-scores.js");
    return await measureScores(job as ScoresJob);
  },
  "streamed-plan": async (job) => {
    const { measureStreamedPlan } = await import("./streamed-plan/measure-streamed-plan.js");
    return await measureStreamedPlan(job as StreamedPlanJob);
  },
  tfjs: async (job) => {
    const { measureTfjsProduct } = await import("./gemm/measure-tfjs-product.js");
    return await measureTfjsProduct(job as TfjsJob);
  },
  tokens: async (job) => {
    const { measureTokens } = await import("./tokens/measure-tokens.js");
    return await measureTokens(job as TokensJob);
  },
  train: async (job) => {
    // As the command does before it loads what trains.
    keepYoungGenerationSmall();
    const { measureTraining } = await import("./train/measure-training.js");
    return await measureTraining(job as LatheTrainJob);
  },
};

const [name, job] = process.argv.slice(2);
const jobText = job.endsWith(".json") ? readFileSync(job, "utf8") : Buffer.from(job, "base64url").toString();
try {
  const outcome = await cases[name](JSON.parse(jobText));
  // One of several ranks speaks for all.
  if (outcome !== null) console.log(JSON.stringify(outcome));
} catch (error) {
  const isInput = isInputError(error);
  console.error(isInput ? error.message : error);
  process.exitCode = isInput ? 2 : 1;
}
