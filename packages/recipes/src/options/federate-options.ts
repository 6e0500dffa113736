import { aggregationRules, clientWeights, privacyConversions } from "@lathe/federated";
import { option, optionGroup } from "@lathe/files";
import { z } from "zod";
import { attacks } from "../federate/hostile-adapter.js";
import { splitWays } from "../federate/split-rows.js";
import { adapterOptions } from "./adapter-options.js";
import { engineOptions } from "./engine-options.js";
import { learntRowOptions, rejectLimitOption } from "./learnt-options.js";
import { memoryOption } from "./memory-option.js";
import { dataOption, modelOption } from "./model-options.js";
import { adapterPath, rowsPath } from "./path-options.js";
import { trainingOptions } from "./training-options.js";

const text = z.string().min(1);

/** A length, or the median of the round's. */
const parseClipNorm = (value: string): unknown =>
  value === "median" ? value : value === "" ? undefined : Number(value);

const mailboxOption = () =>
  option(
    text,
    "folder that all parties see, or a place in an object store: s3://bucket/prefix, https://host/bucket/prefix?…",
    { placeholder: "place" },
  );

const pollOption = () =>
  option(z.number().positive().default(5), "between two looks into the mailbox", { unit: "seconds" });

/** How updates become one. */
const aggregationOptions = optionGroup("Aggregation", {
  rule: option(
    z.enum(aggregationRules).default("mean"),
    "mean: FedAvg; median and trimmed-mean: of each number by itself, which a few hostile clients cannot move far",
  ),
  weights: option(z.enum(clientWeights).optional(), "what a client weighs in a mean", {
    placeholder: "by",
    defaultText: "rows, and uniform with noise",
  }),
  maximumRows: option(
    z.int().min(1).optional(),
    "with --weights rows: rows from which on a client weighs no more, whatever it says",
    { unit: "rows", defaultText: "no bound" },
  ),
  trim: option(
    z.number().min(0).lt(0.5).optional(),
    "with --rule trimmed-mean: share of the clients that is left out at either end",
    { placeholder: "share", defaultText: "0.25" },
  ),
  clipNorm: option(
    z.union([z.literal("median"), z.number().positive()]).optional(),
    "length, over the whole adapter, to which longer updates are scaled down; median: that of the round",
    { placeholder: "x", defaultText: "none", parse: parseClipNorm, expected: "a length, or median" },
  ),
});

/** What is promised about single clients. */
const privacyOptions = optionGroup("Privacy", {
  noiseMultiplier: option(
    z.number().positive().optional(),
    "standard deviation of the noise on the sum of the updates, over --clip-norm",
    { defaultText: "no noise" },
  ),
  samplingRate: option(
    z.number().positive().max(1).optional(),
    "with noise: probability with which a client's update is taken, each round anew",
    { placeholder: "p", defaultText: "1" },
  ),
  delta: option(
    z.number().positive().lt(1).optional(),
    "with noise: probability with which epsilon may not hold",
    {
      placeholder: "p",
      defaultText: "1e-5",
    },
  ),
});

const { maxSteps, batchSize, gradientAccumulation, learningRate, optimizer } = trainingOptions;
const { warmupSteps, weightDecay, maxGradNorm, proximal } = trainingOptions;

/** How clients learn in a round. */
const clientTrainingOptions = {
  ...optionGroup(
    "Training",
    { epochs: option(z.number().positive().default(1), "passes over a client's rows in a round") },
    "train",
  ),
  maxSteps,
  batchSize,
  gradientAccumulation,
  learningRate,
  optimizer,
  warmupSteps,
  weightDecay,
  maxGradNorm,
  proximal,
};

const { rank, alpha: loraAlpha, dropout, targets, excludeModules, useRslora } = adapterOptions;
const { rankPattern, alphaPattern, layers } = adapterOptions;

/** The adapter that the first round begins with. */
const firstAdapterOptions = {
  initAdapter: option(
    text.optional(),
    "adapter to start from; rank, alpha, targets and the like are its own",
    adapterPath,
  ),
  rank,
  dropout,
  targets,
  excludeModules,
  useRslora,
  rankPattern,
  alphaPattern,
  layers,
};

/** What a coordinator is told. */
export const coordinateOptions = z.object({
  mailbox: mailboxOption(),
  output: option(
    text,
    "folder of the coordinator, in which rounds survive a kill; the same command goes on",
    {
      placeholder: "dir",
    },
  ),
  model: modelOption(),
  rounds: option(z.int().min(1).default(10), "rounds in all"),
  minClients: option(z.int().min(1).default(2), "clients that a round needs"),
  clients: option(
    z.int().min(1).optional(),
    "clients after which a round waits for no other; with noise, all that there are",
  ),
  deadline: option(z.number().min(0).default(3600), "after which a round does with --min-clients", {
    unit: "seconds",
  }),
  poll: pollOption(),
  ...aggregationOptions,
  ...privacyOptions,
  ...clientTrainingOptions,
  seed: trainingOptions.seed,
  ...firstAdapterOptions,
  alpha: loraAlpha,
});

/** What a client is told. */
export const joinOptions = z.object({
  mailbox: mailboxOption(),
  model: modelOption(),
  data: dataOption("rows to learn, which go nowhere"),
  name: option(
    text,
    "name in the federation, which no other client has: lower-case letters, digits, dots and dashes",
  ),
  output: option(text, "folder of the client, in which rounds survive a kill; the same command goes on", {
    placeholder: "dir",
  }),
  poll: pollOption(),
  ...learntRowOptions(),
  rejectLimit: rejectLimitOption(),
  memory: memoryOption(),
  ...engineOptions,
});

/** What is tried on one machine. */
export const simulateOptions = z.object({
  model: modelOption(),
  data: dataOption("rows, which are dealt to the clients"),
  validation: option(
    text.optional(),
    "rows to evaluate the adapter of every round on",
    rowsPath("validation"),
  ),
  output: option(text, "folder of the simulation", { placeholder: "dir" }),
  overwrite: option(z.boolean().default(false), "replace an earlier simulation in --output"),
  clients: option(z.int().min(1).default(8), "clients that the rows are dealt to"),
  rounds: option(z.int().min(1).default(3), "rounds in all"),
  splitBy: option(
    z.enum(splitWays).default("equal"),
    "how rows are dealt; equal: at random; dirichlet: unequal shares of each label, or of all rows without labels; label: two labels or so to each client",
    { placeholder: "way" },
  ),
  alpha: option(
    z.number().positive().default(0.3),
    "with --split-by dirichlet: the smaller, the less alike are the clients",
  ),
  labelColumn: option(text.optional(), "column that holds the label of a row", { placeholder: "name" }),
  hostile: option(
    z.int().min(0).default(0),
    "clients, the last ones, that send something else than they learnt",
  ),
  attack: option(
    z.enum(attacks).default("flip"),
    "what those send; flip: the update turned round, ten times as long; noise: one as long in a random direction; nan: what is no number; rows: the update turned round, from a billion rows",
  ),
  seed: option(z.int().min(0).default(0), "split, samples, noise and attacks follow from it"),
  ...aggregationOptions,
  ...privacyOptions,
  ...clientTrainingOptions,
  ...firstAdapterOptions,
  loraAlpha,
  ...learntRowOptions(),
  rejectLimit: rejectLimitOption(),
  memory: memoryOption(),
  ...engineOptions,
});

/** What a budget is counted from. */
export const ledgerOptions = z.object({
  noiseMultiplier: option(
    z.number().positive().optional(),
    "standard deviation of the noise on the sum of the updates, over the length to which they are clipped",
    { requiredText: "required unless --epsilon" },
  ),
  epsilon: option(z.number().positive().optional(), "budget to keep: the least noise for it is found"),
  samplingRate: option(
    z.number().positive().max(1).default(1),
    "probability with which a client is taken in a round",
    { placeholder: "p" },
  ),
  rounds: option(z.int().min(0), "rounds that are released"),
  delta: option(z.number().positive().lt(1).default(1e-5), "probability with which epsilon may not hold", {
    placeholder: "p",
  }),
  conversion: option(
    z.enum(privacyConversions).default("tight"),
    "how epsilon is found; tight: as today's libraries do; classic: as older releases and many papers",
  ),
});
