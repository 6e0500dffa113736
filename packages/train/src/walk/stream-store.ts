import * as tf from "@tensorflow/tfjs-core";

/** Keeps the residual streams that layers are computed again from. Axes: N rows of a batch, h hidden. */
export interface StreamStore {
  /** Whether what is kept takes memory. */
  readonly isInMemory: boolean;
  /**
   * What goes into a layer for the numbers that came out of the one before: those that are kept.
   * @param x [N, h], which the result takes the place of   @returns [N, h], owned by the caller
   */
  entering(x: tf.Tensor2D): tf.Tensor2D;
  /** Keeps what goes into a layer. @param x [N, h], borrowed */
  keep(layer: number, batch: number, x: tf.Tensor2D): Promise<void>;
  /** What was kept, owned by the caller and kept no longer. @returns [N, h] */
  take(layer: number, batch: number): Promise<tf.Tensor2D>;
  /** Forgets what was kept, which nobody takes. */
  forget(layer: number, batch: number): Promise<void>;
  /** Forgets everything. */
  clear(): Promise<void>;
}

/** Residual streams in memory. */
export class HeldStreams implements StreamStore {
  readonly isInMemory = true;
  readonly #kept = new Map<string, tf.Tensor2D>();

  entering(x: tf.Tensor2D): tf.Tensor2D {
    return x;
  }

  keep(layer: number, batch: number, x: tf.Tensor2D): Promise<void> {
    // A second handle on the same values.
    this.#kept.set(`${layer}/${batch}`, tf.keep(x.clone()));
    return Promise.resolve();
  }

  take(layer: number, batch: number): Promise<tf.Tensor2D> {
    const key = `${layer}/${batch}`;
    const x = this.#kept.get(key);
    if (!x) return Promise.reject(new RangeError(`no stream of batch ${batch} before layer ${layer}`));
    this.#kept.delete(key);
    return Promise.resolve(x);
  }

  async forget(layer: number, batch: number): Promise<void> {
    (await this.take(layer, batch)).dispose();
  }

  clear(): Promise<void> {
    tf.dispose([...this.#kept.values()]);
    this.#kept.clear();
    return Promise.resolve();
  }
}
