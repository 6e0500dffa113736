import { option } from "@lathe/files";
import { ktoPairings } from "@lathe/train";
import { z } from "zod";
import { adapterOptions } from "./adapter-options.js";
import { methodNames } from "../training/training-method.js";
import { zeroStages } from "../training/zero-stage.js";
import { objectiveNames } from "../training/objective-name.js";
import { engineOptions } from "./engine-options.js";
import { learntRowOptions, rejectLimitOption } from "./learnt-options.js";
import { memoryOption } from "./memory-option.js";
import { trainingOptions } from "./training-options.js";
import { adapterPath, modelPath, rowsPath } from "./path-options.js";

/** Steps between two lines of a run that is not watched on a terminal. */
const LOG_EVERY = 50;

const text = z.string().min(1);

/** What is missing is said along with what else is wrong. */
const always = (): boolean => true;

/** Everything that a run of training can be told. */
export const trainOptions = z
  .object({
    model: option(text.optional(), "model folder: config.json, safetensors, tokenizer", {
      ...modelPath,
      requiredText: "required unless --resume",
    }),
    data: option(
      text.optional(),
      "rows to learn, in any shape: a file, a folder, a pattern, or an address at https:// or s3://; or a prepared .arrow file",
      { ...rowsPath(), requiredText: "required unless --resume" },
    ),
    validation: option(text.optional(), "rows to evaluate on, likewise", rowsPath("validation")),
    output: option(text, "folder of the run", { placeholder: "dir" }),
    method: option(
      z.enum(methodNames).default("lora"),
      "lora: train an adapter beside the weights; full: train the weights themselves, written as a model folder",
    ),
    trainable: option(
      z.array(text).min(1).optional(),
      "with --method full: beginnings of the names of tensors to train, such as model.layers.20.,lm_head",
      { placeholder: "a,b", separator: ",", defaultText: "all", field: "full.trainable" },
    ),
    lisaLayers: option(
      z.int().min(1).optional(),
      "with --method full: layers that are trained at a time, drawn at random (LISA)",
      { defaultText: "all", field: "full.lisaLayers" },
    ),
    lisaEvery: option(z.int().min(1).optional(), "with --lisa-layers: steps until others are drawn", {
      unit: "optimiser steps",
      defaultText: "20",
      field: "full.lisaEvery",
    }),
    objective: option(
      z.enum(objectiveNames).default("sft"),
      "what is made small; sft: the negative log-likelihood of the labels; dpo, orpo, simpo: of rows with prompt, chosen, rejected; kto: of rows with prompt, completion, label",
    ),
    beta: option(z.number().positive().optional(), "strength of a preference objective", {
      defaultText: "0.1, and 2 for simpo",
    }),
    simpoGamma: option(z.number().min(0).optional(), "margin that --objective simpo asks for", {
      defaultText: "0.5",
    }),
    ktoPairing: option(
      z.enum(ktoPairings).optional(),
      "rows that --objective kto pairs for its estimate of the divergence: those of the whole step, or of each micro-batch as other trainers do",
      { placeholder: "rows", defaultText: "step" },
    ),
    initAdapter: option(
      text.optional(),
      "adapter to start from; rank, alpha, targets and the like are its own",
      adapterPath,
    ),
    resume: option(
      z.boolean().default(false),
      "continue the run in --output after its newest intact checkpoint, with its own options",
    ),
    overwrite: option(z.boolean().default(false), "replace an earlier run in --output"),
    ...learntRowOptions(),
    rejectLimit: rejectLimitOption(),
    logEvery: option(z.int().min(1).default(LOG_EVERY), "steps between two lines where no bar is drawn", {
      field: null,
      unit: "optimiser steps",
    }),
    checkpointing: option(
      z.enum(["auto", "none", "block"]).default("auto"),
      "block: keep only each layer's input and compute the layer again, slower in far less memory; auto: for as few layers as --memory asks for",
      { placeholder: "kind" },
    ),
    stream: option(
      z.boolean().default(false),
      "leave the weights on disk and read one layer after the other, once forwards and once backwards a step, however many rows it has (--gradient-accumulation); the same numbers as --checkpointing block; without it where the weights do not fit the memory",
    ),
    memory: memoryOption(),
    onOutOfMemory: option(
      z.enum(["continue", "stop"]).default("continue"),
      "when memory runs out; continue: a fresh process goes on from the newest checkpoint with the next remedy (all layers computed again, smaller micro-batches, nf4) and the same effective batch; stop: the run ends",
      { placeholder: "what", field: null },
    ),
    samples: option(
      z.int().min(0).default(3),
      "prompts of --validation that the model answers before the first step and after every evaluation, for RUN/report.html",
    ),
    deterministic: option(
      z.boolean().default(false),
      "add the gradients of micro-batches in an order that does not depend on the number of ranks: any number comes to the same bits",
    ),
    balanceRanks: option(
      z.boolean().default(true),
      "deal micro-batches to ranks by how fast each of them is",
      { negated: "all ranks take turns at the micro-batches of a step, however fast they are" },
    ),
    zeroStage: option(
      z.literal(zeroStages).default(0),
      "2: deal what the optimiser remembers to the ranks, each of which updates its part of what is trained; checkpoints hold all of it",
      { placeholder: "stage" },
    ),
    tensorParallel: option(
      z.int().min(1).default(1),
      "ranks of one machine that compute every layer together, each with a part of its heads and of its width, and keep that part of the weights: for models that one rank has no memory for; the adapter is whole",
      { placeholder: "ranks" },
    ),
    tensorboard: option(z.boolean().default(false), "write TensorBoard's event files into RUN/tensorboard"),
    ...trainingOptions,
    ...adapterOptions,
    ...engineOptions,
  })
  .refine(({ model, resume }) => resume || model !== undefined, { path: ["model"], when: always })
  .refine(({ data, resume }) => resume || data !== undefined, { path: ["data"], when: always })
  .refine(({ resume, overwrite }) => !(resume && overwrite), {
    error: "--resume goes on with a run and --overwrite replaces it: give one of them",
  });
