import { formatBytes, formatFacts, formatNumber, formatTable, option } from "@lathe/command";
import { asPhrase, type Phrase, sayPhrase } from "@lathe/files";
import {
  inspectMachine,
  type InspectMachineOptions,
  type MachineInspection,
  type MachineRule,
  type ModelInspection,
  type TensorFlowFound,
} from "@lathe/recipes";
import type { DeviceFindings, Findings } from "@lathe/tensor";
import { z } from "zod";
import { withVerbs } from "../messages/with-verbs.js";
import { version } from "../version.js";
import { defineVerb, type VerbContext } from "../define-verb.js";
import type { Messages } from "../messages/messages.js";
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
  async run(_values, context) {
    const machine = await inspectMachine(context.recipeOptions<InspectMachineOptions>());
    return { json: jsonOf(machine, context.command), text: textOf(machine, context) };
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

/** A reason or a description in the language of the messages, line by line. */
function saidOf(
  found: string | Phrase,
  { messages, command }: Pick<VerbContext, "messages" | "command">,
): string {
  const { template, values } = asPhrase(found);
  const lines = template.split("\n").map((line) => sayPhrase({ template: line, values }, messages.phrases));
  return withVerbs(lines.join("\n"), command);
}

/** Rules of thumb with what they ask for, what there is and whether that is enough. */
function rulesText(rules: readonly MachineRule[], { words, machineRules: names }: Messages): string {
  const rows = rules.map(({ name, neededBytes, presentBytes, holds }) => [
    names[name],
    formatBytes(neededBytes),
    presentBytes === null ? words.none : formatBytes(presentBytes),
    holds === null ? words.unknown : holds ? words.yes : words.no,
  ]);
  return formatTable([words.rule, words.moreThan, words.present, words.holds], rows);
}

function tensorFlowText(found: TensorFlowFound, context: VerbContext): string[] {
  if (found.installed === null) return [];
  const { words, works, allWork, driver: driverText, capability } = context.messages;
  const { tensorFlowVersion, library, cpu, cuda, cudaReason } = found.installed;
  const share = (all: Findings): string => {
    const names = Object.keys(all);
    const faults = names.filter((name) => all[name] !== null);
    return faults.length === 0
      ? allWork(names.length)
      : works(
          names.length - faults.length,
          names.length,
          faults.map((name) => `${name} (${String(all[name])})`),
        );
  };
  const types = ({ types }: DeviceFindings): string =>
    Object.entries(types)
      .map(([name, fault]) => (fault === null ? name : `${words.no} ${name} (${fault})`))
      .join(", ");
  const device = cuda
    ? capability(cuda.device.name, cuda.device.computeCapability, formatBytes(cuda.device.memoryBytes))
    : `${words.none}: ${saidOf(String(cudaReason), context)}`;
  const driver = found.cards?.driver ?? null;
  const facts = formatFacts([
    ["TensorFlow", `${tensorFlowVersion}, ${library}`],
    [words.onCpu, `${types(cpu)}; ${words.operations}: ${share(cpu.operations)}`],
    [words.card, driver === null ? device : `${device}; ${driverText(driver)}`],
    ...(cuda
      ? [[words.onCard, `${types(cuda)}; ${words.operations}: ${share(cuda.operations)}`] as const]
      : []),
  ]);
  return ["", facts];
}

function textOf(machine: MachineInspection, context: VerbContext): string {
  const { processor, memory, tensorMemory, engine, engines, tensorFlow, rules, model } = machine;
  const { messages } = context;
  const { words, free, atMost, threads } = messages;
  const facts: [string, string][] = [
    ["lathe", version],
    ["Node", machine.node],
    [words.platform, machine.platform],
    [words.processor, threads(processor.model ?? words.unknown, processor.threads)],
    [words.features, processor.features?.join(" ") ?? words.unknown],
    [words.memory, free(formatBytes(memory.totalBytes), formatBytes(memory.freeBytes))],
    [words.thisProcess, atMost(formatBytes(memory.processBytes), formatBytes(memory.peakProcessBytes))],
    [words.tensors, atMost(formatBytes(tensorMemory.bytes), formatBytes(tensorMemory.peakBytes))],
    [words.engine, `${engine.name}, ${engine.precision}`],
    [words.ownKernels, engine.kernels.join(", ") || words.none],
  ];
  const told = engines.map(({ reason, description }) => saidOf(reason ?? description, context));
  const rows = engines.map(({ name, reason, precisions }, index) => [
    name,
    reason === null ? words.yes : words.no,
    precisions.join(", "),
    told[index].split("\n", 1)[0],
  ]);
  // Reasons of more than one line, e.g. where an addon was looked for, go below the table.
  const details = engines.flatMap(({ name }, index) =>
    told[index].includes("\n") ? ["", `${name}: ${told[index]}`] : [],
  );
  return [
    formatFacts(facts),
    "",
    formatTable([words.engine, words.runs, words.precision, ""], rows),
    ...details,
    ...tensorFlowText(tensorFlow, context),
    ...(rules.length > 0 ? ["", rulesText(rules, messages)] : []),
    ...(model ? ["", modelText(model, messages)] : []),
  ].join("\n");
}

function modelText(model: ModelInspection, { words, modelFacts }: Messages): string {
  const nameOf = (key: string): string =>
    modelFacts[key] ?? key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const shown = (one: unknown, isBytes: boolean): string => {
    if (typeof one === "number") return isBytes ? formatBytes(one) : formatNumber(one);
    if (typeof one === "boolean") return one ? words.yes : words.no;
    if (typeof one === "string") return modelFacts[one] ?? one;
    if (one === null) return words.none;
    if (Array.isArray(one)) return one.join(", ");
    const parts = Object.entries(one as object);
    return parts.map(([name, part]) => `${nameOf(name)} ${shown(part, isBytes)}`).join(", ");
  };
  return formatFacts(
    Object.entries(model).map(([key, value]) => [nameOf(key), shown(value, key.endsWith("Bytes"))]),
  );
}
