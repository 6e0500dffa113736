import { generate } from "@lathe/model";
import { peakResidentBytes, type Precision, startEngine } from "@lathe/tensor";
import { randomModel } from "../shared/random-model.js";
import { PartClock } from "./part-clock.js";
import type { LatheRepliesJob, PartOutcome, RepliesOutcome, RepliesPart } from "./replies-job.js";

/** Continues prompts greedily on a model of random weights, as users do. */
export async function measureReplies(job: LatheRepliesJob): Promise<RepliesOutcome> {
  const engine = await startEngine(job.engine, job.precision as Precision | "auto", job.base);
  const model = randomModel(job.size, job.base, engine.weightMemory);
  const run = async ({ prompts, tokens }: RepliesPart): Promise<PartOutcome> => {
    const clock = new PartClock(prompts.length);
    const options = { maxNewTokens: tokens, temperature: 0, stopIds: [] };
    for await (const { sequence } of generate(model, prompts, options)) clock.token(sequence);
    return clock.end();
  };
  const [first] = job.parts;
  // What is compiled and allocated once is not counted.
  await run({ prompts: [first.prompts[0].slice(0, 16)], tokens: 4 });
  const parts: PartOutcome[] = [];
  for (const part of job.parts) parts.push(await run(part));
  model.dispose();
  return {
    program: `engine ${engine.name} (${engine.description}), products in ${engine.precision}`,
    parts,
    peakResidentBytes: peakResidentBytes(),
  };
}
