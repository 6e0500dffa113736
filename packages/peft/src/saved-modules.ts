import { TrainableEmbedding, TrainableLinear } from "@lathe/model";
import * as tf from "@tensorflow/tfjs-core";
import type { AdaptableModel } from "./adaptable-model.js";
import type { WholeTensor } from "./whole-tensors.js";

/** A tensor of a saved module under its name in PEFT's files. */
export interface SavedTensor {
  readonly name: string;
  readonly variable: tf.Variable;
}

/** A module of the model and the copy of it that is trained. */
interface SavedPart {
  readonly tensors: readonly SavedTensor[];
  /** Puts the copy, or what was there before, into the model. */
  readonly put: (isCopy: boolean) => void;
  readonly disposeCopy: () => void;
  readonly disposeOriginal: () => void;
}

/**
 * Copies of whole modules that an adapter trains (PEFT's `modules_to_save`): linears, the embedding, norms. While they are active,
 * they stand in the model in the place of the modules themselves, which are kept and come back.
 *
 * A head that is tied to the embedding is copied by itself: the two go ways of their own, as in PEFT.
 */
export class SavedModules {
  readonly #parts: readonly SavedPart[];
  #isActive = false;

  /**
   * @param tensors all of kind `module`   @param values of tensors by their names in PEFT's files; the model's own without
   */
  constructor(
    model: AdaptableModel,
    tensors: readonly WholeTensor[],
    values: ReadonlyMap<string, Float32Array> | null,
  ) {
    const modules = [...new Set(tensors.map(({ module }) => module))];
    this.#parts = modules.map((module) =>
      savedPart(
        model,
        module,
        tensors.filter((tensor) => tensor.module === module),
      ),
    );
    for (const { name, variable } of this.tensors) {
      const given = values?.get(name);
      if (given) tf.tidy(() => variable.assign(tf.tensor(given.slice(), variable.shape)));
    }
  }

  /** What is trained. */
  get tensors(): SavedTensor[] {
    return this.#parts.flatMap(({ tensors }) => tensors);
  }

  /** Whether the copies stand in the model. */
  get isActive(): boolean {
    return this.#isActive;
  }

  set isActive(isActive: boolean) {
    if (isActive === this.#isActive) return;
    this.#isActive = isActive;
    for (const part of this.#parts) part.put(isActive);
  }

  /** Takes the copies off the model and frees them. */
  remove(): void {
    this.isActive = false;
    for (const part of this.#parts) part.disposeCopy();
  }

  /** Frees what does not stand in the model, which frees the rest as it goes. */
  dispose(): void {
    for (const { disposeCopy, disposeOriginal } of this.#parts) {
      if (this.#isActive) disposeOriginal();
      else disposeCopy();
    }
  }
}

function savedPart(model: AdaptableModel, module: string, tensors: readonly WholeTensor[]): SavedPart {
  const names = new Map(tensors.map(({ name, storedName }) => [name, storedName]));
  const place = model.linears().find(({ path }) => path === module);
  if (place) {
    const original = place.linear;
    const copy = new TrainableLinear({
      shape: original.shape,
      weight: original.denseWeight(),
      bias: original.denseBias(),
    });
    return {
      tensors: [
        { name: names.get(`${module}.weight`)!, variable: copy.weight },
        ...(copy.bias ? [{ name: names.get(`${module}.bias`)!, variable: copy.bias }] : []),
      ],
      put: (isCopy) => void model.replaceLinear(module, isCopy ? copy : original),
      disposeCopy: () => copy.dispose(),
      disposeOriginal: () => original.dispose(),
    };
  }
  const [{ name, storedName }] = tensors;
  if (name === model.embeddingName) {
    const original = model.embedding;
    const copy = new TrainableEmbedding(original.denseRows(), original.shape);
    return {
      tensors: [{ name: storedName, variable: copy.table }],
      put: (isCopy) => void model.replaceEmbedding(isCopy ? copy : original),
      disposeCopy: () => copy.dispose(),
      disposeOriginal: () => original.dispose(),
    };
  }
  const original = model.vectors().find((vector) => vector.name === name)!.vector;
  const copy = tf.tidy(() => tf.variable(tf.tensor1d(Float32Array.from(original.dataSync()))));
  return {
    tensors: [{ name: storedName, variable: copy }],
    put: (isCopy) => void model.replaceVector(name, isCopy ? copy : original),
    disposeCopy: () => copy.dispose(),
    disposeOriginal: () => original.dispose(),
  };
}
