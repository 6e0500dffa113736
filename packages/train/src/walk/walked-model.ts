import type { LayerPass } from "@lathe/model";
import type { DropoutKey } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";

/** A model whose layers are there one at a time. A `LanguageModel` is one. */
export interface WalkedModel {
  readonly config: { readonly layerCount: number };
  /**
   * Reads a layer's weights where they are not there, and holds them until the release that it resolves to. Reading goes on
   * beside what is computed meanwhile.
   * @param experts numbers of the routed experts that are wanted; all unless given
   */
  holdLayer(layer: number, experts?: ReadonlySet<number>): Promise<() => void>;
}

/** A batch on its way through the layers. */
export interface WalkedBatch {
  readonly pass: LayerPass<tf.Scalar>;
  /** What dropout masks are drawn from; null for none. */
  readonly dropoutKey: DropoutKey | null;
}
