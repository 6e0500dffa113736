import { join } from "node:path";
import { inWrittenOrder, openSafetensors, type TensorToWrite, writeSafetensors } from "@lathe/model";
import * as tf from "@tensorflow/tfjs-core";
import type { TrainableParameter } from "./parameter.js";
import type { StatePart } from "./state-part.js";
import { variablePieces } from "./variable-pieces.js";

/** What a tensor in a state is called and what is in it. */
interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Type of the values. @defaultValue what they are */
  readonly dtype?: "F32" | "U8";
}

/** Numbers under a name, on the host: copied when they are asked for, where they are a getter and `dtype` is told. */
export interface NamedValues extends NamedTensor {
  /** The parameter whose state they belong to, where they are an optimiser's. */
  readonly parameter?: string;
  readonly values: Float32Array | Uint8Array;
  /** The same in parts, each to be read before the next is asked for: for what is large, and need not be copied as a whole. */
  readonly pieces?: () => Iterable<Float32Array>;
}

/** Type of the values of a tensor. */
export function dtypeOf(tensor: NamedValues): "F32" | "U8" {
  return tensor.dtype ?? (tensor.values instanceof Uint8Array ? "U8" : "F32");
}

/** The numbers of a tensor under a name, which are copied when they are asked for. */
export const tensorValues = (name: string, tensor: tf.Tensor): NamedValues => ({
  name,
  shape: tensor.shape,
  dtype: "F32",
  get values() {
    return Float32Array.from(tensor.dataSync());
  },
  pieces: () => variablePieces(tensor),
});

/** Numbers under a name, parts of which several processes have. */
export interface SharedValues extends Required<NamedTensor> {
  /** Brings them together; all processes ask for the same ones in the same order. */
  gather(): Promise<Float32Array | Uint8Array>;
}

/** Reads numbers by their name, bytes widened to float32. */
export type ReadValues = (name: string) => Promise<Float32Array>;

/** What has tensors as its state. */
export interface TensorState {
  /** All of it, copied to the host; where it lies on several processes, what this one has. */
  state(): readonly NamedValues[];
  /** All of it where it lies on several processes, each of which must call this; left out where one has it whole. */
  sharedState?: (() => Promise<readonly SharedValues[]>) | undefined;
  /** Takes over what `state` gave. */
  restore(read: ReadValues): Promise<void>;
}

const PARAMETERS_FILE = "parameters.safetensors";

/** A state of tensors, in one safetensors file that is written tensor by tensor. */
export function tensorPart(file: string, tensors: TensorState): StatePart {
  const { sharedState } = tensors;
  const toWrite = async (): Promise<TensorToWrite[]> =>
    sharedState
      ? (await sharedState()).map(({ gather, ...each }) => ({ ...each, data: gather }))
      : tensors.state().map((each) => ({
          name: each.name,
          dtype: dtypeOf(each),
          shape: each.shape,
          data: () => each.pieces?.() ?? each.values,
        }));
  return {
    required: [file],
    async save(folder) {
      await writeSafetensors(join(folder, file), await toWrite());
    },
    ...(sharedState && {
      async follow() {
        for (const { gather } of inWrittenOrder(await sharedState())) await gather();
      },
    }),
    async load(folder) {
      const stored = await openSafetensors(join(folder, file));
      try {
        await tensors.restore(async (name) =>
          stored.info(name).dtype === "U8"
            ? Float32Array.from((await stored.readRaw(name)).bytes)
            : await stored.readFloat32(name),
        );
      } finally {
        await stored.close();
      }
    },
  };
}

/** Parameters in one safetensors file. */
export function safetensorsFiles(parameters: readonly TrainableParameter[]): StatePart {
  return tensorPart(PARAMETERS_FILE, {
    state: () => parameters.map(({ name, variable }) => tensorValues(name, variable)),
    async restore(read) {
      for (const { name, variable } of parameters) {
        const values = await read(name);
        tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
      }
    },
  });
}
