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
