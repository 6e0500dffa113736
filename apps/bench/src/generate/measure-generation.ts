import { generate, type LanguageModel } from "@lathe/model";
import { QuantizedLinear } from "@lathe/quant";
import { type Precision, startEngine } from "@lathe/tensor";
import { peakResidentBytes } from "@lathe/tensor";
import { randomModel } from "../shared/random-model.js";
import type { LatheGenerateJob, LatheGenerateOutcome } from "./generate-job.js";

/** Bytes of the matrices that one token is multiplied with, biases included; the norms are left out. */
export function weightBytesPerToken(model: LanguageModel): number {
  return model.linears().reduce((bytes, { linear }) => {
    if (linear instanceof QuantizedLinear) return bytes + linear.byteLength;
    const [outFeatures, inFeatures] = linear.shape;
    return bytes + (outFeatures * inFeatures + (linear.denseBias()?.length ?? 0)) * 4;
  }, 0);
}

/** Continues the prompt greedily, on a model of random weights, as users do. */
export async function measureGeneration(job: LatheGenerateJob): Promise<LatheGenerateOutcome> {
  const engine = await startEngine(job.engine, job.precision as Precision | "auto", job.base);
  const model = randomModel(job.size, job.base, engine.weightMemory);
  const weightBytes = weightBytesPerToken(model);
  const times: number[] = [];
  const started = performance.now();
  const options = { maxNewTokens: job.warmUp + job.tokens, temperature: 0, stopIds: [] };
  for await (const _token of generate(model, [job.prompt], options)) times.push(performance.now());
  const outcome: LatheGenerateOutcome = {
    engine: engine.name,
    engineDescription: engine.description,
    precision: engine.precision,
    seconds: times.slice(job.warmUp).map((time, index) => (time - times[job.warmUp + index - 1]) / 1000),
    firstTokenSeconds: (times[0] - started) / 1000,
    weightBytes,
    peakResidentBytes: peakResidentBytes(),
  };
  model.dispose();
  return outcome;
}
