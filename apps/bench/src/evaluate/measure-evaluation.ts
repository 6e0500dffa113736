import { streamReplies } from "@lathe/eval/model";
import { peakResidentBytes, type Precision, startEngine } from "@lathe/tensor";
import { randomModel } from "../shared/random-model.js";
import type { EvaluateJob, EvaluateOutcome } from "./evaluate-job.js";

/** Replies to the prompts as an evaluation does, on a model of random weights. */
export async function measureEvaluation(job: EvaluateJob): Promise<EvaluateOutcome> {
  const engine = await startEngine(job.engine, job.precision as Precision | "auto", job.base);
  const model = randomModel(job.size, job.base, engine.weightMemory);
  const { batchSize, maxNewTokens, stopIds } = job;
  const replies: number[][] = job.prompts.map(() => []);
  let tokens = 0;
  // Random weights say one word over and over when they are greedy; drawn words end replies at many lengths.
  const sampling = { temperature: 1, seed: 7, maxNewTokens, stopIds };
  for await (const _ of streamReplies(model, job.prompts.slice(0, 1), { ...sampling, maxNewTokens: 4 })) {
    // What is compiled and allocated once is not counted.
  }
  const start = performance.now();
  const before = process.cpuUsage();
  const streamed = streamReplies(model, job.prompts, { ...sampling, batchSize, onToken: () => tokens++ });
  for await (const { prompt, ids } of streamed) replies[prompt] = ids;
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - start) / 1000;
  model.dispose();
  return {
    engine: engine.name,
    replies,
    tokens,
    seconds,
    processorSeconds: (user + system) / 1e6,
    peakResidentBytes: peakResidentBytes(),
  };
}
