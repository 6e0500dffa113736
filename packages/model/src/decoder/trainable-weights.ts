import type * as tf from "@tensorflow/tfjs-core";
import type { LanguageModel } from "./language-model.js";
import { TrainableEmbedding } from "./trainable-embedding.js";
import { floatVariable, TrainableLinear } from "./trainable-linear.js";

/** A weight of a model that training may change. */
export interface TrainableWeight {
  /** Name of the tensor in safetensors, e.g. `model.layers.0.self_attn.q_proj.weight`. */
  readonly name: string;
  readonly variable: tf.Variable;
}

/**
 * Makes weights of a model variables, in float32, whatever they were held in: weights and biases of linears, norms, the
 * embedding. A head that is tied to the embedding stays so: one variable with the gradients of both, under the embedding's
 * name. Called before adapters are put on, and again for more of them.
 *
 * @param prefixes a weight is made trainable if its name begins with one of them; `""` is all
 * @returns the weights, in the order of safetensors; the model owns the variables
 * @throws RangeError naming a prefix that no weight begins with
 */
export function trainableWeights(model: LanguageModel, prefixes: readonly string[]): TrainableWeight[] {
  const names = new Set<string>();
  const isWanted = (name: string): boolean => {
    names.add(name);
    return prefixes.some((prefix) => name.startsWith(prefix));
  };
  const weights: TrainableWeight[] = [
    ...wantedEmbedding(model, isWanted),
    ...wantedLinears(model, isWanted),
    ...wantedVectors(model, isWanted),
  ];
  const idle = prefixes.find((prefix) => ![...names].some((name) => name.startsWith(prefix)));
  if (idle !== undefined) {
    const tied = model.config.tieWordEmbeddings ? "; its head is tied to the embedding" : "";
    throw new RangeError(
      `no weight of the model has a name that begins with ${JSON.stringify(idle)}; names are like ${[...names].slice(0, 3).join(", ")}${tied}`,
    );
  }
  return weights;
}

function wantedEmbedding(model: LanguageModel, isWanted: (name: string) => boolean): TrainableWeight[] {
  const { embeddingName: name, embedding } = model;
  if (!isWanted(name)) return [];
  let trainable = embedding;
  if (!(trainable instanceof TrainableEmbedding)) {
    trainable = new TrainableEmbedding(embedding.denseRows(), embedding.shape);
    if (model.config.tieWordEmbeddings) tieHead(model, trainable as TrainableEmbedding);
    model.replaceEmbedding(trainable).dispose();
  }
  return [{ name, variable: (trainable as TrainableEmbedding).table }];
}

function tieHead(model: LanguageModel, { table, shape }: TrainableEmbedding): void {
  const { path, linear } = model.linears().at(-1)!;
  const tied = new TrainableLinear({ shape, weight: new Float32Array(), bias: linear.denseBias() }, table);
  model.replaceLinear(path, tied).dispose();
}

function wantedLinears(model: LanguageModel, isWanted: (name: string) => boolean): TrainableWeight[] {
  const isTied = (layer: number | null): boolean => layer === null && model.config.tieWordEmbeddings;
  return model
    .linears()
    .filter(({ layer }) => !isTied(layer))
    .flatMap(({ path, linear }) => {
      const bias = linear.denseBias();
      const wantsWeight = isWanted(`${path}.weight`);
      const wantsBias = bias !== null && isWanted(`${path}.bias`);
      if (!wantsWeight && !wantsBias) return [];
      let trainable = linear;
      if (!(trainable instanceof TrainableLinear)) {
        trainable = new TrainableLinear({ shape: linear.shape, weight: linear.denseWeight(), bias });
        model.replaceLinear(path, trainable).dispose();
      }
      const made = trainable as TrainableLinear;
      return [
        ...(wantsWeight ? [{ name: `${path}.weight`, variable: made.weight }] : []),
        ...(wantsBias ? [{ name: `${path}.bias`, variable: made.bias! }] : []),
      ];
    });
}

function wantedVectors(model: LanguageModel, isWanted: (name: string) => boolean): TrainableWeight[] {
  return model
    .vectors()
    .filter(({ name }) => isWanted(name))
    .map(({ name, vector }) => {
      if (isVariable(vector)) return { name, variable: vector };
      const variable = floatVariable<tf.Rank.R1>(vector.dataSync() as Float32Array, vector.shape);
      model.replaceVector(name, variable).dispose();
      return { name, variable };
    });
}

function isVariable(tensor: tf.Tensor): tensor is tf.Variable {
  return "assign" in tensor;
}
