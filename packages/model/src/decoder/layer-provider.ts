import type { LayerWeights } from "../architectures/architecture.js";

/**
 * The layers of a model, and when their weights have to be there. A pass acquires a layer before it computes with it and
 * releases it when neither it nor a backward pass needs it any more; between the two a provider may let go of the
 * weights, so that a model larger than memory can be walked.
 *
 * Acquiring nests: a layer stays until it has been released as often as acquired.
 */
export interface LayerProvider {
  /** Layers in order. Their linears may be looked at and exchanged at any time, but compute only while acquired. */
  readonly layers: readonly LayerWeights[];
  /** Whether weights are read when their layer is held, so that passes have to walk the layers. */
  readonly isStreamed: boolean;
  /** Bytes that were read of files since the model was loaded, to hold layers. */
  readonly bytesRead: number;
  /** Makes a layer's weights ready; of layers that are read from files, those that are held. */
  acquire(layer: number): LayerWeights;
  /** Says that one acquirer is done with a layer. */
  release(layer: number): void;
  /**
   * Reads a layer's weights where they are not there, and holds them until the release that it resolves to, which may be
   * repeated. Reading goes on beside what is computed meanwhile.
   * @param experts numbers of the routed experts that are wanted; all unless given
   */
  hold(layer: number, experts?: ReadonlySet<number>): Promise<() => void>;
  /** Frees what the provider has beside {@link LayerProvider.layers}, such as files that are open. */
  dispose(): void;
}

/** Layers that are there for as long as the model lives. */
export function heldLayers(layers: readonly LayerWeights[]): LayerProvider {
  return {
    layers,
    isStreamed: false,
    bytesRead: 0,
    acquire: (layer) => layers[layer],
    release: () => undefined,
    hold: () => Promise.resolve(() => undefined),
    dispose: () => undefined,
  };
}
