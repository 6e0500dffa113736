import { isRecord, phrase } from "@lathe/files";
import type { Phrase } from "@lathe/files";
import { LoraConfigError, quote } from "./errors.js";
import { compilePattern, PatternError } from "./module-pattern.js";

/** Layers `start` up to, not including, `end`. */
export interface LayerRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Words that stand for several linears: those of the attention blocks, those of the feed-forward blocks, or all but the
 * output head.
 */
export const targetRoles = ["attention", "mlp", "all-linear"] as const;

/** A group of linears by what they do. */
export type TargetRole = (typeof targetRoles)[number];

/** Which biases an adapter trains. */
export const loraBiases = ["none", "all", "lora_only"] as const;

/** One of {@link loraBiases}. */
export type LoraBias = (typeof loraBiases)[number];

/** How the matrices of an adapter begin. */
export const loraInits = ["kaiming", "pissa", "loftq"] as const;

/** One of {@link loraInits}. */
export type LoraInit = (typeof loraInits)[number];

/** What a LoRA adapter is made of and which linears it goes on. Names and meanings follow PEFT unless stated. */
export interface LoraConfig {
  /** Rank r of the update; the adapter's size grows linearly with it. */
  readonly rank: number;
  /** Numerator of the scale alpha / rank. */
  readonly alpha: number;
  /** Probability with which an input of the update is dropped in training, in [0, 1). */
  readonly dropout: number;
  /**
   * Linears to adapt. In a list, a name that equals a linear's path or its end after a dot ("q_proj", "self_attn.q_proj",
   * "model.layers.0.self_attn.q_proj"), what linears do in the words of the model's architecture ("query", "value"), or a
   * {@link TargetRole}. A single string is a {@link TargetRole} or a regular expression that a path has to match as a whole.
   */
  readonly targets: string | readonly string[];
  /** Scale alpha / √rank instead of alpha / rank (rsLoRA, arXiv:2312.03732). */
  readonly useRslora: boolean;
  /** Train the length of each weight row apart from its direction (DoRA, arXiv:2402.09353). */
  readonly useDora: boolean;
  /** Ranks that differ, by the end of a path or a regular expression of it; the first match counts. */
  readonly rankPattern: Readonly<Record<string, number>>;
  /** Alphas that differ, by the end of a path or a regular expression of it; the first match counts. */
  readonly alphaPattern: Readonly<Record<string, number>>;
  /** Layers to adapt, by number from 0 or as a range; null for all. Not together with a regular expression as target. */
  readonly layers: readonly number[] | LayerRange | null;
  /** Linears to leave out, written like `targets` but without roles. */
  readonly excludeModules: string | readonly string[] | null;
  /**
   * Biases that are trained: those of no linear, of the adapted ones, or of all. They are trained in their place and, as in PEFT,
   * stay in force when the adapter is not.
   */
  readonly bias: LoraBias;
  /**
   * Modules that are trained as a whole, as copies that are in force while the adapter is: the ends of their paths, such as
   * "lm_head", "embed_tokens" or "norm"; null for none.
   */
  readonly modulesToSave: readonly string[] | null;
  /**
   * How the matrices begin. `kaiming`: A is drawn and B is zero. `pissa`: B A are the principal components of the weight, which are
   * subtracted from it, so that the model begins as it is (PiSSA, arXiv:2404.02948). `loftq`: B A are what the packing of the base
   * has lost, as whoever packed it gives them (LoftQ, arXiv:2310.08659). The last two not with DoRA.
   */
  readonly init: LoraInit;
  /**
   * Whether the update leaves alone what is zero in the base, so that a pruned model stays pruned. PEFT has no such option: its key in
   * an adapter's files is `keep_sparsity`, which PEFT passes over.
   */
  readonly keepSparsity: boolean;
  /** Seed of the initial matrices A, a whole number from 0 on. Not part of PEFT's files. */
  readonly seed: number;
}

/** Values of a {@link LoraConfig} where none is given. */
export const loraDefaults: LoraConfig = Object.freeze({
  rank: 16,
  alpha: 32,
  dropout: 0.1,
  targets: Object.freeze(["query", "value"]),
  useRslora: false,
  useDora: false,
  rankPattern: Object.freeze({}),
  alphaPattern: Object.freeze({}),
  layers: null,
  excludeModules: null,
  bias: "none",
  modulesToSave: null,
  init: "kaiming",
  keepSparsity: false,
  seed: 0,
});

export function isTargetRole(target: string): target is TargetRole {
  return (targetRoles as readonly string[]).includes(target);
}

/**
 * Fills in {@link loraDefaults} and checks every value.
 * @throws LoraConfigError naming the key
 */
export function resolveLoraConfig(options: Partial<LoraConfig> = {}): LoraConfig {
  const known = Object.keys(loraDefaults);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const unknown = given.find(([key]) => !known.includes(key));
  if (unknown)
    throw new LoraConfigError(unknown[0], phrase`a key among ${known.join(", ")}`, "one that is unknown");
  const config = { ...loraDefaults, ...(Object.fromEntries(given) as Partial<LoraConfig>) };

  const {
    rank,
    alpha,
    dropout,
    seed,
    targets,
    layers,
    excludeModules,
    rankPattern,
    alphaPattern,
    bias,
    modulesToSave,
    init,
  } = config;
  check("rank", isRank(rank), "a whole number from 1 on", rank);
  check("alpha", isAlpha(alpha), "a number above 0", alpha);
  check("dropout", isNumber(dropout) && dropout >= 0 && dropout < 1, "a probability in [0, 1)", dropout);
  check("seed", Number.isSafeInteger(seed) && seed >= 0, "a whole number from 0 on", seed);
  for (const key of ["useRslora", "useDora", "keepSparsity"] as const) {
    check(key, typeof config[key] === "boolean", "true or false", config[key]);
  }
  if (config.keepSparsity) {
    check("keepSparsity", !config.useDora, "false beside useDora, which rescales whole rows", true);
  }
  checkModules("targets", targets);
  if (Array.isArray(targets)) check("targets", targets.length > 0, "at least one target", targets);
  if (excludeModules !== null) checkModules("excludeModules", excludeModules);
  check("bias", loraBiases.includes(bias), phrase`one of ${loraBiases.join(", ")}`, bias);
  checkSaved(modulesToSave);
  check("init", loraInits.includes(init), phrase`one of ${loraInits.join(", ")}`, init);
  check("init", init === "kaiming" || !config.useDora, "kaiming beside DoRA", init);
  checkPattern("rankPattern", rankPattern, isRank, "a whole number from 1 on");
  checkPattern("alphaPattern", alphaPattern, isAlpha, "a number above 0");
  checkLayers(layers);
  if (layers !== null && typeof targets === "string" && !isTargetRole(targets)) {
    throw new LoraConfigError(
      "layers",
      "null beside a regular expression as target, which can name the layers itself",
      quote(layers),
    );
  }
  return config;
}

/** The layers as a list, or null for all. */
export function layerNumbers(layers: LoraConfig["layers"]): readonly number[] | null {
  if (layers === null || isLayerList(layers)) return layers;
  return Array.from({ length: layers.end - layers.start }, (_, index) => layers.start + index);
}

function isLayerList(layers: readonly number[] | LayerRange): layers is readonly number[] {
  return Array.isArray(layers);
}

function check(key: string, holds: boolean, expected: string | Phrase, actual: unknown): void {
  if (!holds) throw new LoraConfigError(key, expected, quote(actual));
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isRank(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function isAlpha(value: unknown): boolean {
  return isNumber(value) && value > 0;
}

function checkModules(key: string, modules: unknown): void {
  if (typeof modules === "string") {
    check(key, modules !== "", "a name or a regular expression", modules);
    if (!isTargetRole(modules)) checkRegularExpression(key, modules);
    return;
  }
  check(key, Array.isArray(modules), "a list of names or one regular expression", modules);
  for (const name of modules as unknown[]) {
    check(key, typeof name === "string" && name !== "", "names that are not empty", name);
  }
}

function checkSaved(modules: unknown): void {
  if (modules === null) return;
  check(
    "modulesToSave",
    Array.isArray(modules) && modules.length > 0,
    "a list of names, or null for none",
    modules,
  );
  for (const name of modules as unknown[]) {
    check("modulesToSave", typeof name === "string" && name !== "", "names that are not empty", name);
  }
}

function checkPattern(
  key: string,
  pattern: unknown,
  holds: (value: unknown) => boolean,
  expected: string | Phrase,
): void {
  check(key, isRecord(pattern), "an object from names to numbers", pattern);
  for (const [name, value] of Object.entries(pattern as object)) {
    check(`${key}.${name}`, name !== "", "a name that is not empty", name);
    checkRegularExpression(`${key}.${name}`, name);
    check(`${key}.${name}`, holds(value), expected, value);
  }
}

/** Highest layer number that is taken seriously: a range is turned into a list, and no model comes near. */
const LAYER_LIMIT = 10_000;

function checkLayers(layers: unknown): void {
  if (layers === null) return;
  const isLayer = (value: unknown): boolean =>
    Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= LAYER_LIMIT;
  if (Array.isArray(layers)) {
    check("layers", layers.length > 0, "at least one layer, or null for all", layers);
    for (const layer of layers) check("layers", isLayer(layer), "layer numbers from 0 on", layer);
    return;
  }
  const { start, end } = (typeof layers === "object" ? layers : {}) as Partial<LayerRange>;
  check(
    "layers",
    isLayer(start) && isLayer(end) && start! < end!,
    "a list of layer numbers or { start, end } with start below end",
    layers,
  );
}

function checkRegularExpression(key: string, source: string): void {
  try {
    compilePattern(source);
  } catch (error) {
    if (error instanceof PatternError) throw new LoraConfigError(key, error.expected, quote(source));
    throw error;
  }
}
