import {
  architectureOf,
  elementCount,
  type GradientBytes,
  headPlace,
  linearPlaces,
  type ModelConfig,
  trainableTensors,
} from "@lathe/model";
import { type LoraConfig, resolveLoraConfig, selectTargets, wholeTensors } from "@lathe/peft";
import { type OptimizerName, shardedOptimiserBytes } from "@lathe/train";
import { layerNumberIn } from "../training/layer-factor.js";

const FLOAT_BYTES = 4;

/** What is trained, and by what. */
export interface TrainedOptions {
  /** The adapter; see {@link LoraConfig}. */
  readonly lora?: Partial<LoraConfig> | undefined;
  /** Trains the weights whose names begin with one of these, in place of an adapter. */
  readonly trainable?: readonly string[] | undefined;
  /** Layers of those that are trained at a time; see `FullOptions`. @defaultValue all */
  readonly lisaLayers?: number | undefined;
  /** What turns gradients into new values. @defaultValue "adamw" */
  readonly optimizer?: OptimizerName | undefined;
  /** Micro-batches a step: gradients of the ones before are there from the second on. @defaultValue 1 */
  readonly gradientAccumulation?: number | undefined;
  /** Ranks that the state of the optimiser is dealt to; that of the one with most counts. @defaultValue 1 */
  readonly ranks?: number | undefined;
}

type Shape = readonly number[];

/** Bytes of what is trained and what training it takes. */
export interface TrainedBytes {
  /** Parameters beside the weights of the model. */
  readonly adapter: number;
  /** Weights that are trained themselves, in float32. */
  readonly trainedWeights: number;
  readonly gradients: GradientBytes;
  readonly optimizer: number;
  /** Shapes of what is trained at a time. */
  readonly shapes: readonly Shape[];
  /** Names of linears that are trained, of which the inputs are kept; `rank` is the largest of low-rank updates, else 0. */
  readonly adapted: ReadonlySet<string>;
  readonly rank: number;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const floatBytes = (shape: Shape): number => FLOAT_BYTES * elementCount(shape);

/**
 * What an adapter, or the weights that are trained themselves, take besides activations.
 * @throws LoraConfigError
 */
export function trainedBytes(config: ModelConfig, options: TrainedOptions): TrainedBytes {
  return options.trainable ? ofWeights(config, options.trainable, options) : ofAdapter(config, options);
}

/** The names of tensors that are trained themselves, with their shapes. */
export function trainedTensors(
  config: ModelConfig,
  prefixes: readonly string[],
): (readonly [string, Shape])[] {
  return [...trainableTensors(config)].filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix)));
}

function ofWeights(
  config: ModelConfig,
  prefixes: readonly string[],
  { lisaLayers, optimizer = "adamw", gradientAccumulation = 1, ranks = 1 }: TrainedOptions,
): TrainedBytes {
  const tensors = trainedTensors(config, prefixes);
  const layerOf = layerNumberIn(config);
  const { embedding } = architectureOf(config).ends;
  const head = headPlace(config);
  const bytesNamed = (wanted: (name: string) => boolean): number =>
    sum(tensors.filter(([name]) => wanted(name)).map(([, shape]) => floatBytes(shape)));
  const ofLayers = Array.from({ length: config.layerCount }, (_, layer) =>
    bytesNamed((name) => layerOf(name) === layer),
  );
  const places = linearPlaces(config).filter(({ weight }) => tensors.some(([name]) => name === weight));
  const shapesNamed = (wanted: (name: string) => boolean): Shape[] =>
    tensors.filter(([name]) => wanted(name)).map(([, shape]) => shape);
  /** What is trained always, and the largest layers that are at a time. */
  const always = shapesNamed((name) => layerOf(name) === null);
  const sampled = ofLayers
    .map((bytes, layer) => ({ bytes, shapes: shapesNamed((name) => layerOf(name) === layer) }))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, lisaLayers)
    .flatMap(({ shapes }) => shapes);
  // Layers that are drawn have an optimiser of their own.
  const optimised = lisaLayers === undefined ? [[...always, ...sampled]] : [always, sampled];
  return {
    adapter: 0,
    trainedWeights: sum(tensors.map(([, shape]) => floatBytes(shape))),
    gradients: {
      head: bytesNamed((name) => name === head.weight),
      embedding: bytesNamed((name) => name === embedding),
      layer: Math.max(...ofLayers),
      all: sum([...always, ...sampled].map(floatBytes)),
      isAccumulated: gradientAccumulation > 1,
    },
    optimizer: sum(optimised.map((shapes) => shardedOptimiserBytes(optimizer, shapes, ranks))),
    shapes: [...always, ...sampled],
    adapted: new Set(places.map(({ name }) => name)),
    rank: 0,
  };
}

function ofAdapter(
  config: ModelConfig,
  { lora, optimizer = "adamw", ranks = 1 }: TrainedOptions,
): TrainedBytes {
  const selected = selectTargets(linearPlaces(config), resolveLoraConfig(lora));
  const shapes: Shape[] = selected.targets.flatMap(({ rank, shape: [outFeatures, inFeatures] }) => [
    [rank, inFeatures],
    [outFeatures, rank],
    ...(selected.config.useDora ? [[outFeatures]] : []),
  ]);
  shapes.push(...wholeTensors(config, selected).map(({ shape }) => shape));
  const adapter = sum(shapes.map(floatBytes));
  return {
    adapter,
    trainedWeights: 0,
    // Small enough to be counted throughout.
    gradients: { head: 0, embedding: 0, layer: 0, all: adapter, isAccumulated: true },
    optimizer: shardedOptimiserBytes(optimizer, shapes, ranks),
    shapes,
    adapted: new Set(selected.targets.map(({ name }) => name)),
    rank: Math.max(...selected.targets.map(({ rank }) => rank), 0),
  };
}
