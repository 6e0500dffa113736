import { asPhrase, type Phrase } from "@lathe/files";
import type { MachineInspection, TensorFlowFound } from "./inspect-machine.js";

/** What the inspection found, for scripts. @param said how a sentence of a record is said */
export function machineRecord(
  machine: MachineInspection,
  version: string,
  said: (phrase: Phrase) => string,
): Record<string, unknown> {
  const { processor, engine, engines, tensorFlow, model, ...facts } = machine;
  return {
    lathe: version,
    ...facts,
    cpu: processor.model,
    cpuThreads: processor.threads,
    cpuFeatures: processor.features,
    engine: engine.name,
    precision: engine.precision,
    engines: engines.map(({ name, reason, description, precisions }) => ({
      name,
      available: reason === null,
      reason: reason && said(reason),
      description: said(description),
      precisions,
    })),
    tensorFlow: tensorFlowJson(tensorFlow, said),
    fusedOperations: engine.kernels,
    ...(model ? { model } : {}),
  };
}

function tensorFlowJson(found: TensorFlowFound, said: (phrase: Phrase) => string): Record<string, unknown> {
  if (found.installed === null) return { version: null, reason: said(found.reason) };
  const { tensorFlowVersion, library, binding, cpu, cuda, cudaReason } = found.installed;
  const reason = cudaReason === null ? null : said(asPhrase(cudaReason));
  return { version: tensorFlowVersion, library, binding, cpu, cuda, cudaReason: reason, cards: found.cards };
}
