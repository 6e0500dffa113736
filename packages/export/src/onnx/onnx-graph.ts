import type { AttributeValue, GraphNode, GraphValue, TensorHead } from "./onnx-proto.js";

/** Puts bytes of a tensor to their place in it. */
export type PutBytes = (bytes: Uint8Array, at: number) => Promise<void>;

/** A tensor that a graph holds, written when its turn comes. */
export interface GraphTensor extends TensorHead {
  /** Puts all its bytes, in any order. */
  write(put: PutBytes): Promise<void>;
}

/** Domain of the operators that ONNX Runtime has beside ONNX's. */
export const MICROSOFT = "com.microsoft";

/** A graph while it is put together. Every value has one name. */
export class OnnxGraph {
  readonly nodes: GraphNode[] = [];
  readonly tensors: GraphTensor[] = [];
  readonly inputs: GraphValue[] = [];
  readonly outputs: GraphValue[] = [];

  /**
   * Adds an operation.
   * @param outputs names of what it gives
   * @returns the first of them
   */
  node(
    operator: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = "",
  ): string {
    this.nodes.push({ operator, inputs, outputs, attributes, domain });
    return outputs[0];
  }

  /** Adds a tensor. @returns its name */
  tensor(tensor: GraphTensor): string {
    this.tensors.push(tensor);
    return tensor.name;
  }

  /** Adds whole numbers: a list, or one without axes. @returns the name */
  integers(name: string, value: number | readonly number[]): string {
    const list = typeof value === "number" ? [value] : value;
    const bytes = new Uint8Array(8 * list.length);
    const view = new DataView(bytes.buffer);
    for (const [i, number] of list.entries()) view.setBigInt64(8 * i, BigInt(number), true);
    const shape = typeof value === "number" ? [] : [list.length];
    return this.tensor({ name, type: "int64", shape, write: (put) => put(bytes, 0) });
  }
}
