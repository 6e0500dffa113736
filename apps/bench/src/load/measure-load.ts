import { generate, loadModel } from "@lathe/model";
import { linearReader } from "@lathe/quant";
import { startEngine } from "@lathe/tensor";
import { peakResidentBytes } from "@lathe/tensor";
import type { LatheLoadJob, LatheLoadOutcome } from "./load-job.js";

const now = (): number => performance.timeOrigin + performance.now();

/** Opens a model folder and computes the first token. */
export async function measureLoad(job: LatheLoadJob): Promise<LatheLoadOutcome> {
  const importedAt = now();
  const engine = await startEngine(job.engine);
  const model = await loadModel(job.folder, { readLinear: await linearReader(job.folder, job.format) });
  const loadedAt = now();
  for await (const _token of generate(model, [job.prompt], { maxNewTokens: 1, temperature: 0 }));
  const firstTokenAt = now();
  const outcome: LatheLoadOutcome = {
    engine: engine.name,
    engineDescription: engine.description,
    importedAt,
    loadedAt,
    firstTokenAt,
    peakResidentBytes: peakResidentBytes(),
  };
  model.dispose();
  return outcome;
}
