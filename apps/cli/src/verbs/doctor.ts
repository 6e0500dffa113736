import { formatBytes, formatNumber, formatTable, option, widthOf } from "@lathe/command";
import { asPhrase, type Phrase, sayPhrase } from "@lathe/files";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, availableParallelism, cpus, freemem, platform, release, totalmem } from "node:os";
import { inspectModel, type MachineRule, machineRules, type ModelInspection } from "@lathe/recipes";
import {
  type DeviceFindings,
  type Findings,
  installedBinding,
  listEngines,
  nvidiaCard,
  peakResidentBytes,
  startEngine,
  tensorMemory,
  type TensorMemory,
} from "@lathe/tensor";
import { z } from "zod";
import { withVerbs } from "../command-name.js";
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

/** What the engines, present and to come, look at; the names are Linux's. */
const cpuFeatures =
  /^(sse4_2|avx|avx2|fma|f16c|avx512f|avx512bw|avx512vl|avx512_vnni|avx_vnni|avx512_bf16|amx_bf16|amx_int8|neon|asimd|asimddp|bf16|i8mm|sve)$/;

/** Features of the processor that engines look at; null where the system does not tell. */
async function readCpuFeatures(): Promise<string[] | null> {
  const text = await readFile("/proc/cpuinfo", "utf8").catch(() => null);
  const flags = text === null ? null : /^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1];
  return flags?.split(/\s+/).filter((flag) => cpuFeatures.test(flag)) ?? null;
}

const packages = [
  "tensor",
  "model",
  "peft",
  "quant",
  "data",
  "train",
  "eval",
  "recipes",
  "command",
  "files",
].map((name) => `@lathe/${name}`);

/** Versions of the packages, and of the library that the engines stand on. */
function readVersions(): Record<string, string> {
  const require = createRequire(import.meta.url);
  const requireOfTensor = createRequire(require.resolve("@lathe/tensor/package.json"));
  const versionOf = (from: NodeJS.Require, name: string): [string, string] => {
    return [name, (from(`${name}/package.json`) as { version: string }).version];
  };
  return Object.fromEntries([
    ...packages.map((name) => versionOf(require, name)),
    versionOf(requireOfTensor, "@tensorflow/tfjs-core"),
  ]);
}

export const doctorVerb = defineVerb({
  examples: ["lathe doctor", "lathe doctor --model models/base --data rows.jsonl"],
  options,
  async run(given, context) {
    const model = given.model === undefined ? null : await inspectModel(given.model);
    const engines = await Promise.all(
      listEngines().map(async (engine) => {
        const found = await engine.probe();
        const reason = found === null ? null : withVerbs(sayPhrase(asPhrase(found)), context.command);
        const { name, precisions } = engine;
        const description = sayPhrase(asPhrase(engine.description));
        const told = saidOf(found ?? engine.description, context);
        return { fact: { name, available: reason === null, reason, description, precisions }, told };
      }),
    );
    const started = await startEngine(given.engine, given.precision);
    context.narrator.onEvent({ type: "engine", engine: started });
    const [processor] = cpus();
    const tensorFlow = describeTensorFlow(context.command);
    const rules = await machineRules({ ...given, cardBytes: cardBytesOf(tensorFlow) });
    const json = {
      lathe: version,
      node: process.version,
      platform: `${platform()} ${arch()}`,
      system: release(),
      cpu: processor?.model.trim() ?? null,
      cpuThreads: availableParallelism(),
      cpuFeatures: await readCpuFeatures(),
      memory: {
        totalBytes: totalmem(),
        freeBytes: freemem(),
        processBytes: process.memoryUsage.rss(),
        peakProcessBytes: peakResidentBytes(),
      },
      engine: started.name,
      precision: started.precision,
      engines: engines.map(({ fact }) => fact),
      tensorFlow,
      fusedOperations: [...started.kernels.keys()].sort(),
      tensorMemory: tensorMemory(),
      versions: readVersions(),
      rules,
      ...(model ? { model } : {}),
    };
    return {
      json,
      text: textOf(
        json,
        engines.map(({ told }) => told),
        context,
      ),
    };
  },
});

/** A reason or a description in the language of the messages, line by line. */
function saidOf(
  found: string | Phrase,
  { messages, command }: Pick<VerbContext, "messages" | "command">,
): string {
  const { template, values } = asPhrase(found);
  const lines = template.split("\n").map((line) => sayPhrase({ template: line, values }, messages.phrases));
  return withVerbs(lines.join("\n"), command);
}

/** The set-up of TensorFlow, or why there is none. */
type TensorFlowFacts = ReturnType<typeof describeTensorFlow>;

function describeTensorFlow(command: string) {
  const installed = installedBinding();
  if ("reason" in installed)
    return { version: null, reason: withVerbs(sayPhrase(installed.reason), command) } as const;
  const { tensorFlowVersion: version, library, binding, cpu, cuda } = installed;
  const cudaReason = installed.cudaReason === null ? null : withVerbs(installed.cudaReason, command);
  const cards = nvidiaCard();
  return { version, library, binding, cpu, cuda, cudaReason, cards };
}

/** Memory of the card that TensorFlow computes on; null where there is none. */
function cardBytesOf(facts: TensorFlowFacts): number | null {
  return facts.version === null ? null : facts.cuda?.device.memoryBytes || null;
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

function tensorFlowText(facts: Exclude<TensorFlowFacts, { version: null }>, context: VerbContext): string {
  const { words, works, allWork, driver: driverText, capability } = context.messages;
  const { version, library, cpu, cuda, cudaReason, cards } = facts;
  const share = (found: Findings): string => {
    const names = Object.keys(found);
    const faults = names.filter((name) => found[name] !== null);
    return faults.length === 0
      ? allWork(names.length)
      : works(
          names.length - faults.length,
          names.length,
          faults.map((name) => `${name} (${String(found[name])})`),
        );
  };
  const types = ({ types }: DeviceFindings): string =>
    Object.entries(types)
      .map(([name, fault]) => (fault === null ? name : `${words.no} ${name} (${fault})`))
      .join(", ");
  const device = cuda
    ? capability(cuda.device.name, cuda.device.computeCapability, formatBytes(cuda.device.memoryBytes))
    : `${words.none}: ${saidOf(String(cudaReason), context)}`;
  const driver = cards?.driver ?? null;
  return [
    ["TensorFlow", `${version}, ${library}`],
    [words.onCpu, `${types(cpu)}; ${words.operations}: ${share(cpu.operations)}`],
    [words.card, driver === null ? device : `${device}; ${driverText(driver)}`],
    ...(cuda ? [[words.onCard, `${types(cuda)}; ${words.operations}: ${share(cuda.operations)}`]] : []),
  ]
    .map(([name, value]) => factLine(name, value))
    .join("\n");
}

/** What the text is made of. */
interface DoctorFacts {
  readonly lathe: string;
  readonly node: string;
  readonly platform: string;
  readonly cpu: string | null;
  readonly cpuThreads: number;
  readonly cpuFeatures: readonly string[] | null;
  readonly memory: {
    readonly totalBytes: number;
    readonly freeBytes: number;
    readonly processBytes: number;
    readonly peakProcessBytes: number;
  };
  readonly tensorMemory: TensorMemory;
  readonly engine: string;
  readonly precision: string;
  readonly engines: readonly {
    name: string;
    reason: string | null;
    precisions: readonly string[];
  }[];
  readonly tensorFlow: TensorFlowFacts;
  readonly fusedOperations: readonly string[];
  readonly rules: readonly MachineRule[];
  readonly model?: ModelInspection;
}

/** Columns that the names of facts take. */
const NAME_WIDTH = 20;

const factLine = (name: string, value: string): string =>
  `${name}${" ".repeat(Math.max(1, NAME_WIDTH - widthOf(name)))}${value}`;

/** @param told of each engine, why it does not run or what it is */
function textOf(json: DoctorFacts, told: readonly string[], context: VerbContext): string {
  const { messages } = context;
  const { words, free, atMost, threads } = messages;
  const facts: [string, string][] = [
    ["lathe", json.lathe],
    ["Node", json.node],
    [words.platform, json.platform],
    [words.processor, threads(json.cpu ?? words.unknown, json.cpuThreads)],
    [words.features, json.cpuFeatures?.join(" ") ?? words.unknown],
    [words.memory, free(formatBytes(json.memory.totalBytes), formatBytes(json.memory.freeBytes))],
    [
      words.thisProcess,
      atMost(formatBytes(json.memory.processBytes), formatBytes(json.memory.peakProcessBytes)),
    ],
    [words.tensors, atMost(formatBytes(json.tensorMemory.bytes), formatBytes(json.tensorMemory.peakBytes))],
    [words.engine, `${json.engine}, ${json.precision}`],
    [words.ownKernels, json.fusedOperations.join(", ") || words.none],
  ];
  const engines = json.engines.map(({ name, reason, precisions }, index) => [
    name,
    reason === null ? words.yes : words.no,
    precisions.join(", "),
    told[index].split("\n", 1)[0],
  ]);
  // Reasons of more than one line, e.g. where an addon was looked for, go below the table.
  const details = json.engines.flatMap(({ name }, index) =>
    told[index].includes("\n") ? ["", `${name}: ${told[index]}`] : [],
  );
  return [
    facts.map(([name, value]) => factLine(name, value)).join("\n"),
    "",
    formatTable([words.engine, words.runs, words.precision, ""], engines),
    ...details,
    ...(json.tensorFlow.version === null ? [] : ["", tensorFlowText(json.tensorFlow, context)]),
    ...(json.rules.length > 0 ? ["", rulesText(json.rules, messages)] : []),
    ...(json.model ? ["", modelText(json.model, messages)] : []),
  ].join("\n");
}

function modelText(model: ModelInspection, { words, modelFacts }: Messages): string {
  const nameOf = (key: string): string =>
    modelFacts[key] ?? key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return Object.entries(model)
    .map(([key, value]) => {
      const isBytes = key.endsWith("Bytes");
      const shown = (one: unknown): string =>
        typeof one === "number"
          ? isBytes
            ? formatBytes(one)
            : formatNumber(one)
          : typeof one === "boolean"
            ? one
              ? words.yes
              : words.no
            : typeof one === "string"
              ? (modelFacts[one] ?? one)
              : one === null
                ? words.none
                : Array.isArray(one)
                  ? one.join(", ")
                  : Object.entries(one as object)
                      .map(([name, part]) => `${nameOf(name)} ${shown(part)}`)
                      .join(", ");
      return factLine(nameOf(key), shown(value));
    })
    .join("\n");
}
