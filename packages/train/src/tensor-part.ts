import { join } from "node:path";
import { openSafetensors, writeSafetensors } from "@lathe/model";
import * as tf from "@tensorflow/tfjs-core";
import type { TrainableParameter } from "./parameter.js";
import type { StatePart } from "./state-part.js";

/** Numbers under a name, on the host. */
export interface NamedValues {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | Uint8Array;
}

/** Reads numbers by their name, bytes widened to float32. */
export type ReadValues = (name: string) => Promise<Float32Array>;

/** What has tensors as its state. */
export interface TensorState {
  /** All of it, copied to the host. */
  state(): readonly NamedValues[];
  /** Takes over what `state` gave. */
  restore(read: ReadValues): Promise<void>;
}

const PARAMETERS_FILE = "parameters.safetensors";

/** A state of tensors, in one safetensors file. */
export function tensorPart(file: string, tensors: TensorState): StatePart {
  return {
    required: [file],
    async save(folder) {
      await writeSafetensors(
        join(folder, file),
        tensors.state().map(({ name, shape, values }) => ({
          name,
          dtype: values instanceof Uint8Array ? "U8" : "F32",
          shape,
          data: values,
        })),
      );
    },
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
    state: () =>
      parameters.map(({ name, variable }) => ({
        name,
        shape: variable.shape,
        values: Float32Array.from(variable.dataSync()),
      })),
    async restore(read) {
      for (const { name, variable } of parameters) {
        const values = await read(name);
        tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
      }
    },
  });
}
