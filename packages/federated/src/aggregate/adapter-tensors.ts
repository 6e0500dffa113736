/** The tensors of an adapter, read one at a time. */
export interface AdapterTensors {
  /** In the order of their file. */
  readonly names: readonly string[];
  /** The shape of a tensor. */
  shapeOf(name: string): readonly number[];
  /** The values in row-major order; the caller may change them. */
  read(name: string): Promise<Float32Array>;
}

/** A tensor on the host. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Tensors in memory as {@link AdapterTensors}. */
export function heldTensors(tensors: readonly NamedTensor[]): AdapterTensors {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return {
    names: tensors.map(({ name }) => name),
    shapeOf: (name) => byName.get(name)!.shape,
    read: (name) => Promise.resolve(byName.get(name)!.data.slice()),
  };
}
