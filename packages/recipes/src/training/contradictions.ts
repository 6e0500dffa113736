import { phrase } from "@lathe/files";
import { type LoraConfig, loraDefaults } from "@lathe/peft";
import { engineFault } from "@lathe/tensor";
import { type OptimizerName, trainDefaults } from "@lathe/train";
import type { FinetuneOptions } from "../finetune-options.js";
import { field, type RecipeFault } from "../recipe-error.js";
import { streamFaults } from "./stream-faults.js";
import { tensorFaults } from "./tensor-faults.js";

/** Something given that has no meaning beside something else, and what to do. */
function contradiction(path: string, reason: ReturnType<typeof phrase>): RecipeFault {
  return { field: path, sentence: phrase`${field(path)} ${reason}` };
}

const given = (part: object | undefined, name: string): string[] =>
  Object.entries(part ?? {}).flatMap(([key, value]) => (value === undefined ? [] : [`${name}.${key}`]));

/** Optimisers without AdamW's constants. */
const withoutConstants: readonly string[] = ["adafactor", "sgd"] satisfies OptimizerName[];

/** Constants of AdamW have no meaning for another optimiser. */
function ofOptimiser({ train = {} }: FinetuneOptions): RecipeFault[] {
  const { optimizer } = train;
  if (optimizer === undefined || !withoutConstants.includes(optimizer)) return [];
  return (["beta1", "beta2", "epsilon"] as const)
    .filter((key) => train[key] !== undefined && train[key] !== trainDefaults[key])
    .map((key) =>
      contradiction(
        `train.${key}`,
        phrase`is a constant of AdamW, and ${field("train.optimizer")} ${optimizer} has none of it: leave it out`,
      ),
    );
}

/** What has no meaning where an adapter is trained. */
function besideAdapter({
  full,
  lora,
  initAdapter,
  quantize = "none",
  model,
}: FinetuneOptions): RecipeFault[] {
  const faults = given(full, "full").map((path) =>
    contradiction(path, phrase`chooses among the weights: give ${field("method")} full, or leave it out`),
  );
  if (lora?.init === "loftq" && quantize !== "nf4") {
    faults.push(
      contradiction(
        "lora.init",
        phrase`loftq packs the base together with the adapter: give ${field("quantize")} nf4, or begin with kaiming or pissa`,
      ),
    );
  }
  if (lora?.init === "loftq" && typeof model === "object") {
    faults.push(
      contradiction(
        "lora.init",
        phrase`loftq packs the base anew: give ${field("model")} as a folder, not open`,
      ),
    );
  }
  if (lora?.init !== undefined && lora.init !== loraDefaults.init && initAdapter !== undefined) {
    faults.push(
      contradiction(
        "lora.init",
        phrase`says how a fresh adapter begins, and ${field("initAdapter")} is one to go on with: leave one of them out`,
      ),
    );
  }
  if (lora?.keepSparsity && quantize !== "none") {
    faults.push(
      contradiction(
        "quantize",
        phrase`rounds small weights to zeros that the model does not have, and ${field("lora.keepSparsity")} would keep them: leave one of them out`,
      ),
    );
  }
  if (lora?.keepSparsity && lora.init === "pissa") {
    faults.push(
      contradiction(
        "lora.init",
        phrase`pissa takes a part out of every weight, zeros too, which ${field("lora.keepSparsity")} would keep: begin with kaiming, or leave one of them out`,
      ),
    );
  }
  return [...faults, ...besideDora(lora)];
}

/** What has no meaning beside lengths of rows that are trained apart. */
function besideDora({
  useDora,
  init = loraDefaults.init,
  keepSparsity,
}: Partial<LoraConfig> = {}): RecipeFault[] {
  if (!useDora) return [];
  const faults: RecipeFault[] = [];
  if (init !== loraDefaults.init) {
    faults.push(
      contradiction(
        "lora.init",
        phrase`${init} begins with a part of the weights, of which ${field("lora.useDora")} trains the lengths of rows apart: begin with ${loraDefaults.init}, or leave one of them out`,
      ),
    );
  }
  if (keepSparsity) {
    faults.push(
      contradiction(
        "lora.keepSparsity",
        phrase`leaves zeros alone, and ${field("lora.useDora")} rescales whole rows: leave one of them out`,
      ),
    );
  }
  return faults;
}

/** What has no meaning where the weights themselves are trained. */
function besideWeights({
  quantize = "none",
  lora,
  initAdapter,
  loraPlusRatio,
  proximal = 0,
}: FinetuneOptions): RecipeFault[] {
  const faults = given(lora, "lora").map((path) =>
    contradiction(
      path,
      phrase`describes an adapter, and ${field("method")} full trains the weights themselves: leave one of them out`,
    ),
  );
  if (initAdapter !== undefined) {
    faults.push(
      contradiction(
        "initAdapter",
        phrase`is an adapter to go on with, and ${field("method")} full trains the weights themselves: merge it into the model first, or leave one of them out`,
      ),
    );
  }
  if (loraPlusRatio !== undefined) {
    faults.push(
      contradiction(
        "loraPlusRatio",
        phrase`sets apart the rates of an adapter's matrices, and ${field("method")} full has none: leave it out`,
      ),
    );
  }
  if (proximal > 0) {
    faults.push(
      contradiction(
        "proximal",
        phrase`keeps a copy of all that is trained, and ${field("method")} full trains the weights themselves: leave it out`,
      ),
    );
  }
  if (quantize !== "none") {
    faults.push(
      contradiction(
        "quantize",
        phrase`packs weights, which cannot be trained: leave it out, or train an adapter over them with ${field("method")} lora`,
      ),
    );
  }
  return faults;
}

/** What has no meaning where each rank has a part of the gradients. */
function besideShards({ zeroStage = 0, proximal = 0 }: FinetuneOptions): RecipeFault[] {
  if (zeroStage === 0 || proximal === 0) return [];
  const reason = phrase`leaves each rank a part of the gradients, and ${field("proximal")} is added to all of them: leave one of them out`;
  return [contradiction("zeroStage", reason)];
}

/** Settings of preference objectives that another objective does not know. */
function ofObjective({ objective = "sft", loss, ...options }: FinetuneOptions): RecipeFault[] {
  const owners = {
    beta: ["dpo", "orpo", "simpo", "kto"],
    simpoGamma: ["simpo"],
    ktoPairing: ["kto"],
  } as const;
  const faults = (Object.keys(owners) as (keyof typeof owners)[])
    .filter((key) => options[key] !== undefined && !(owners[key] as readonly string[]).includes(objective))
    .map((key) =>
      contradiction(
        key,
        phrase`belongs to ${field("objective")} ${owners[key].join(", ")}: give one of these, or leave it out`,
      ),
    );
  if (objective === "sft") return faults;
  const usual = { lossOn: "all", reasoning: "keep", overlong: "cut-right" } as const;
  const ofLabels = (Object.keys(usual) as (keyof typeof usual)[])
    .filter((key) => options[key] !== undefined && options[key] !== usual[key])
    .map((key) =>
      contradiction(
        key,
        phrase`says what is learnt of dialogues, and ${field("objective")} ${objective} compares whole completions, of which too long prompts lose their beginning: leave it out`,
      ),
    );
  const added = Object.entries(loss ?? {}).filter(([, value]) => value !== undefined && value !== 0);
  return [
    ...faults,
    ...ofLabels,
    ...added.map(([key]) =>
      contradiction(
        `loss.${key}`,
        phrase`is added to the likelihood of labels, and ${field("objective")} ${objective} compares completions: leave it out`,
      ),
    ),
  ];
}

/** Evaluations and replies in the course of a run are those of rows that are set apart. */
function ofEvaluations({ train = {}, samples, validation }: FinetuneOptions): RecipeFault[] {
  if (validation !== undefined) return [];
  const asked = { "train.evalEvery": train.evalEvery, samples };
  return Object.entries(asked)
    .filter(([, count]) => count !== undefined && count > 0)
    .map(([path]) =>
      contradiction(
        path,
        phrase`asks for evaluations, and there are no rows for them: give ${field("validation")}, or leave it out`,
      ),
    );
}

/** Replies in the course of a run are those of a model that is in memory, to dialogues. */
function ofSamples({ samples = 0, objective = "sft", stream = false }: FinetuneOptions): RecipeFault[] {
  if (samples === 0) return [];
  const faults: RecipeFault[] = [];
  if (objective !== "sft") {
    const reason = phrase`has the model answer dialogues, and ${field("objective")} ${objective} compares completions: leave it out`;
    faults.push(contradiction("samples", reason));
  }
  if (stream) {
    const reason = phrase`has the model answer a token at a time, for each of which ${field("stream")} would read all weights: leave one of them out`;
    faults.push(contradiction("samples", reason));
  }
  return faults;
}

/** An engine that is to be started is one of those there are, and computes in the precision. */
function ofEngine({ engine = "auto", precision = "auto" }: FinetuneOptions): RecipeFault[] {
  const fault = typeof engine === "string" ? engineFault(engine, precision) : null;
  return fault === null ? [] : [{ field: "engine", sentence: fault }];
}

/** Other layers are drawn where not all are trained. */
function ofSampling({ method, full = {} }: FinetuneOptions): RecipeFault[] {
  const { lisaLayers, lisaEvery } = full;
  if (method !== "full" || lisaEvery === undefined || lisaLayers !== undefined) return [];
  return [
    contradiction(
      "full.lisaEvery",
      phrase`says how often other layers are drawn, and all are trained: give ${field("full.lisaLayers")}, or leave it out`,
    ),
  ];
}

/** A micro-batch is cut by rows or by tokens. */
function ofBatches({ train = {} }: FinetuneOptions): RecipeFault[] {
  if ((train.maxTokensPerBatch ?? 0) === 0 || train.batchSize === undefined) return [];
  return [
    contradiction(
      "train.batchSize",
      phrase`says how many rows a micro-batch has, and ${field("train.maxTokensPerBatch")} takes as many as fit: leave one of them out`,
    ),
  ];
}

/** Patience waits for evaluations, of which there must be some before the end. */
function ofPatience({ train = {}, validation }: FinetuneOptions): RecipeFault[] {
  if ((train.patience ?? 0) === 0) return [];
  if (validation === undefined) {
    return [
      contradiction(
        "train.patience",
        phrase`waits for evaluations, and there are no rows for them: give ${field("validation")}, or leave it out`,
      ),
    ];
  }
  if ((train.evalEvery ?? 0) > 0) return [];
  return [
    contradiction(
      "train.patience",
      phrase`waits for evaluations, of which there is one at the end alone: give ${field("train.evalEvery")}, or leave it out`,
    ),
  ];
}

/** All that contradicts itself in options, each with its fix, before anything is read. */
export function contradictions(options: FinetuneOptions): RecipeFault[] {
  // A run that goes on knows its method; what is given again is held to its settings.
  if (options.resume) return [];
  const ofMethod = options.method === "full" ? besideWeights(options) : besideAdapter(options);
  return [
    ...ofMethod,
    ...(options.stream ? streamFaults(options, options.lora) : []),
    ...ofSampling(options),
    ...ofOptimiser(options),
    ...ofBatches(options),
    ...besideShards(options),
    ...tensorFaults(options),
    ...ofObjective(options),
    ...ofEvaluations(options),
    ...ofSamples(options),
    ...ofPatience(options),
    ...ofEngine(options),
  ];
}
