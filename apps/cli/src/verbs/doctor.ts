import { option, sayTold } from "@lathe/command";
import { asPhrase, type Phrase, sayPhrase } from "@lathe/files";
import {
  inspectMachine,
  type InspectMachineOptions,
  type MachineInspection,
  tellMachine,
  type TensorFlowFound,
} from "@lathe/recipes";
import { z } from "zod";
import { withVerbs } from "../messages/with-verbs.js";
import { version } from "../version.js";
import { defineVerb } from "../define-verb.js";
import { engineOptions } from "../options/engine-options.js";
import { modelPath, rowsPath } from "../options/path-details.js";

const options = z.object({
  model: option(z.string().min(1).optional(), "model folder to check: config, tensors, tokenizer", modelPath),
  data: option(
    z.string().min(1).optional(),
    "rows to learn, to hold the memory of this machine to",
    rowsPath(),
  ),
  ...engineOptions,
});

export const verb = defineVerb({
  examples: ["lathe doctor", "lathe doctor --model models/base --data rows.jsonl"],
  options,
  async run(_values, { command, messages, recipeOptions }) {
    const machine = await inspectMachine(recipeOptions<InspectMachineOptions>());
    const text = sayTold(tellMachine(machine, version), messages.phrases);
    return { json: jsonOf(machine, command), text: withVerbs(text, command) };
  },
});

/** What the inspection found, for scripts. */
function jsonOf(machine: MachineInspection, command: string): Record<string, unknown> {
  const { processor, engine, engines, tensorFlow, model, ...facts } = machine;
  const said = (phrase: Phrase): string => withVerbs(sayPhrase(phrase), command);
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
      description: sayPhrase(description),
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
