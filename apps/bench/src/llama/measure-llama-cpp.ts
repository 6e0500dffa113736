import { loadGateProgram } from "@lathe/export/gate";
import { peakResidentBytes } from "@lathe/tensor/peak-resident-bytes";
import { PartClock } from "./part-clock.js";
import type { LlamaCppJob, PartOutcome, RepliesOutcome, RepliesPart } from "./replies-job.js";

/** What is used of node-llama-cpp. */
interface LlamaModule {
  getLlama(options: object): Promise<{
    loadModel(options: { readonly modelPath: string }): Promise<LlamaModel>;
    dispose(): Promise<void>;
  }>;
  readonly LlamaLogLevel: { readonly error: string };
}

interface LlamaModel {
  createContext(options: object): Promise<LlamaContext>;
  dispose(): Promise<void>;
}

interface LlamaContext {
  getSequence(): { evaluate(ids: readonly number[], options: object): AsyncIterable<number> };
  dispose(): Promise<void>;
}

/** Tokens that llama.cpp takes in at one time, its own default. */
const BATCH = 512;

/** Continues prompts greedily in llama.cpp; sequences that are continued together share its batches. */
export async function measureLlamaCpp({ file, threads, parts }: LlamaCppJob): Promise<RepliesOutcome> {
  const { getLlama, LlamaLogLevel } = await loadGateProgram<LlamaModule>("llama.cpp");
  const llama = await getLlama({
    gpu: false,
    build: "never",
    maxThreads: threads,
    logLevel: LlamaLogLevel.error,
  });
  const model = await llama.loadModel({ modelPath: file });
  const run = async ({ prompts, tokens }: RepliesPart): Promise<PartOutcome> => {
    const longest = Math.max(...prompts.map((prompt) => prompt.length));
    const context = await model.createContext({
      contextSize: longest + tokens + 8,
      sequences: prompts.length,
      threads,
      batchSize: BATCH,
      flashAttention: true,
    });
    const sequences = prompts.map(() => context.getSequence());
    const clock = new PartClock(prompts.length);
    await Promise.all(
      prompts.map(async (prompt, place) => {
        let count = 0;
        const asked = { temperature: 0, yieldEogToken: true };
        for await (const _id of sequences[place].evaluate(prompt, asked)) {
          clock.token(place);
          if (++count === tokens) break;
        }
      }),
    );
    const outcome = clock.end();
    await context.dispose();
    return outcome;
  };
  await run({ prompts: [parts[0].prompts[0].slice(0, 16)], tokens: 4 });
  const outcomes: PartOutcome[] = [];
  for (const part of parts) outcomes.push(await run(part));
  const peak = peakResidentBytes();
  await model.dispose();
  await llama.dispose();
  return { program: "llama.cpp by node-llama-cpp", parts: outcomes, peakResidentBytes: peak };
}
