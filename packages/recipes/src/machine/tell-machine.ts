import {
  asPhrase,
  formatBytes,
  formatNumber,
  joinPhrases,
  type Phrase,
  phrase,
  type Told,
  type ToldFacts,
  type ToldTable,
} from "@lathe/files";
import type { DeviceFindings, Findings } from "@lathe/tensor";
import type { ModelInspection } from "../inspect-model.js";
import type { MachineRule, MachineRuleName } from "../machine-rules.js";
import type { MachineInspection, TensorFlowFound } from "./inspect-machine.js";

const ruleNames: Readonly<Record<MachineRuleName, Phrase>> = {
  "graphics-memory": phrase`graphics memory, for the model`,
  disk: phrase`disk, for the model and its runs`,
  memory: phrase`memory, for the rows`,
};

const yesOrNo = (holds: boolean): Phrase => (holds ? phrase`yes` : phrase`no`);

/** Phrases with commas between them. */
const listed = ([first = asPhrase(""), ...rest]: readonly Phrase[]): Phrase =>
  rest.reduce((before, next) => phrase`${before}, ${next}`, first);

/** Rules of thumb with what they ask for, what there is and whether that is enough. */
const rulesTable = (rules: readonly MachineRule[]): ToldTable => ({
  head: [phrase`rule`, phrase`more than`, phrase`present`, phrase`holds`],
  rows: rules.map(({ name, neededBytes, presentBytes, holds }) => [
    ruleNames[name],
    formatBytes(neededBytes),
    presentBytes === null ? phrase`none` : formatBytes(presentBytes),
    holds === null ? phrase`unknown` : yesOrNo(holds),
  ]),
});

function operationsPhrase(all: Findings): Phrase {
  const names = Object.keys(all);
  const faults = names.filter((name) => all[name] !== null);
  if (faults.length === 0) return phrase`all ${names.length} work`;
  const said = faults.map((name) => `${name} (${String(all[name])})`).join(", ");
  return phrase`${names.length - faults.length} of ${names.length} work, not ${said}`;
}

function devicePhrase({ types, operations }: DeviceFindings): Phrase {
  const said = Object.entries(types).map(([name, fault]) =>
    fault === null ? asPhrase(name) : phrase`${phrase`no`} ${name} (${fault})`,
  );
  return joinPhrases([listed(said), phrase`${phrase`operations`}: ${operationsPhrase(operations)}`]);
}

function tensorFlowFacts(found: TensorFlowFound): ToldFacts[] {
  if (found.installed === null) return [];
  const { tensorFlowVersion, library, cpu, cuda, cudaReason } = found.installed;
  const device = cuda
    ? phrase`${cuda.device.name}, compute capability ${cuda.device.computeCapability}, ${formatBytes(cuda.device.memoryBytes)}`
    : phrase`${phrase`none`}: ${linesOf(String(cudaReason))}`;
  const driver = found.cards?.driver ?? null;
  return [
    {
      facts: [
        [phrase`TensorFlow`, `${tensorFlowVersion}, ${library}`],
        [phrase`on the CPU`, devicePhrase(cpu)],
        [phrase`card`, driver === null ? device : joinPhrases([device, phrase`driver ${driver}`])],
        ...(cuda ? [[phrase`on the card`, devicePhrase(cuda)] as const] : []),
      ],
    },
  ];
}

/** A reason, whose lines are translated one by one. */
function linesOf(found: string | Phrase): Phrase {
  const { template, values } = asPhrase(found);
  const [first, ...rest] = template.split("\n").map((line) => ({ template: line, values }));
  return rest.reduce((before, line) => phrase`${before}\n${line}`, first);
}

const firstLineOf = (found: Phrase): Phrase => ({ ...found, template: found.template.split("\n", 1)[0] });

/** What a machine offers, as people read it. @param lathe version of the program that asks */
export function tellMachine(machine: MachineInspection, lathe: string): Told {
  const { processor, memory, tensorMemory, engine, engines, tensorFlow, rules, model } = machine;
  const atMost = (now: number, most: number): Phrase =>
    phrase`${formatBytes(now)} now, ${formatBytes(most)} at most`;
  const facts: ToldFacts["facts"] = [
    [phrase`lathe`, lathe],
    [phrase`Node`, machine.node],
    [phrase`platform`, machine.platform],
    [phrase`processor`, phrase`${processor.model ?? phrase`unknown`}, ${processor.threads} threads`],
    [phrase`features`, processor.features?.join(" ") ?? phrase`unknown`],
    [phrase`memory`, phrase`${formatBytes(memory.totalBytes)}, ${formatBytes(memory.freeBytes)} free`],
    [phrase`this process`, atMost(memory.processBytes, memory.peakProcessBytes)],
    [phrase`tensors`, atMost(tensorMemory.bytes, tensorMemory.peakBytes)],
    [phrase`engine`, `${engine.name}, ${engine.precision}`],
    [phrase`kernels of its own`, engine.kernels.join(", ") || phrase`none`],
  ];
  const table = {
    head: [phrase`engine`, phrase`runs`, phrase`precision`, ""],
    rows: engines.map(({ name, reason, description, precisions }) => [
      name,
      yesOrNo(reason === null),
      precisions.join(", "),
      firstLineOf(reason ?? description),
    ]),
  };
  // Reasons of more than one line, e.g. where an addon was looked for, go below the table.
  const details = engines.flatMap(({ name, reason, description }) => {
    const found = reason ?? description;
    return found.template.includes("\n") ? [phrase`${name}: ${linesOf(found)}`] : [];
  });
  return [
    { facts },
    table,
    ...details,
    ...tensorFlowFacts(tensorFlow),
    ...(rules.length > 0 ? [rulesTable(rules)] : []),
    ...(model ? [modelFacts(model)] : []),
  ];
}

/** Names of what a model folder holds, where they are other words than the key's. */
const factNames: Readonly<Record<string, Phrase>> = {
  path: phrase`path`,
  architecture: phrase`architecture`,
  layers: phrase`layers`,
  hiddenSize: phrase`hidden size`,
  vocabularySize: phrase`vocabulary size`,
  maxPositions: phrase`max positions`,
  parameters: phrase`parameters`,
  dtypes: phrase`dtypes`,
  fileBytes: phrase`file bytes`,
  tensors: phrase`tensors`,
  unusedTensors: phrase`unused tensors`,
  tokenizer: phrase`tokenizer`,
  chatTemplate: phrase`chat template`,
  weightBytes: phrase`weight bytes`,
  adapterBytes: phrase`adapter bytes`,
};

function modelFacts(model: ModelInspection): ToldFacts {
  const nameOf = (key: string): string | Phrase => factNames[key] ?? key;
  const shown = (one: unknown, isBytes: boolean): string | Phrase => {
    if (typeof one === "number") return isBytes ? formatBytes(one) : formatNumber(one);
    if (typeof one === "boolean") return yesOrNo(one);
    if (typeof one === "string") return one;
    if (one === null) return phrase`none`;
    if (Array.isArray(one)) return one.join(", ");
    const parts = Object.entries(one as object).map(
      ([name, part]) =>
        phrase`${name === "none" ? phrase`as they are` : nameOf(name)} ${shown(part, isBytes)}`,
    );
    return listed(parts);
  };
  return {
    facts: Object.entries(model).map(([key, value]) => [nameOf(key), shown(value, key.endsWith("Bytes"))]),
  };
}
