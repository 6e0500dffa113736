import * as tf from "@tensorflow/tfjs-core";
import { portableRoutines } from "../../portable-routines.js";
import type { Routines } from "../../routines.js";
import { ElementType } from "./addon-types.js";
import type { Handle, TensorFlowDevice } from "./device.js";

/** Variables share this name by convention to have none: each is then a thing of its own. */
const ANONYMOUS = "cd2c89b7-88b7-44c8-ad83-06c2a9158347";

/** Runs work on a variable in TensorFlow's memory, then takes its value back. */
class Resource {
  readonly handle: Handle;

  constructor(
    readonly device: TensorFlowDevice,
    readonly variable: tf.Variable,
  ) {
    const { binding } = device;
    const text = (name: string, value: string) => ({ name, type: binding.TF_ATTR_STRING, value });
    [this.handle] = device.operations(
      "VarHandleOp",
      [
        text("container", ""),
        text("shared_name", ANONYMOUS),
        device.type("dtype", ElementType.float),
        { name: "shape", type: binding.TF_ATTR_SHAPE, value: variable.shape },
      ],
      [],
      1,
    );
    device.operations(
      "AssignVariableOp",
      [device.type("dtype", ElementType.float)],
      [this.handle, variable],
      0,
    );
    // The variable alone holds the memory now, where no other tensor has a share in it, and is changed in place.
    const entry = device.backend.tensorMap.get(variable.dataId);
    if (entry.refCount > 1) return;
    binding.deleteTensor(entry.id);
    entry.id = -1;
  }

  /** Gives the value back. */
  close(): void {
    const { device, handle, variable } = this;
    const [value] = device.compute(() =>
      device.operations("ReadVariableOp", [device.type("dtype", ElementType.float)], [handle], 1),
    );
    variable.assign(value);
    value.dispose();
    device.operations("DestroyResourceOp", [device.flag("ignore_lookup_error", true)], [handle], 0);
  }
}

/** Work over many tensors in TensorFlow's own operations. */
export const tensorFlowRoutines = (device: TensorFlowDevice): Routines => ({
  adamW(updates, { learningRate, beta1, beta2, epsilon, weightDecay, step, gradientScale }) {
    const [firstPower, secondPower] = [beta1 ** step, beta2 ** step];
    // TensorFlow's form is lr √(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε); with ε √(1 − β₂ᵗ) in place of ε it is PyTorch's.
    const settings = [
      ...[firstPower, secondPower, learningRate, beta1, beta2],
      epsilon * Math.sqrt(1 - secondPower),
    ];
    device.scratch(() => {
      const numbers = settings.map((value) => device.upload([], ElementType.float, Float32Array.of(value)));
      const decay = device.upload([], ElementType.float, Float32Array.of(1 - learningRate * weightDecay));
      const factor = device.upload([], ElementType.float, Float32Array.of(gradientScale));
      for (const { variable, gradient, first, second } of updates) {
        if (weightDecay !== 0) {
          const [decayed] = device.compute(() => [device.multiply(variable, decay)]);
          variable.assign(decayed);
          decayed.dispose();
        }
        const slope = gradientScale === 1 ? gradient : device.multiply(gradient, factor);
        const resources = [variable, first, second].map((one) => new Resource(device, one));
        const handles = resources.map(({ handle }) => handle);
        device.operations(
          "ResourceApplyAdam",
          [
            device.type("T", ElementType.float),
            device.flag("use_locking", false),
            device.flag("use_nesterov", false),
          ],
          [...handles, ...numbers, slope],
          0,
        );
        for (const resource of resources) resource.close();
        device.free(...handles, ...(slope === gradient ? [] : [slope as Handle]));
      }
    });
  },
  adamW8bit: portableRoutines.adamW8bit,
  adafactor: portableRoutines.adafactor,
  addInto(sum, part) {
    const total = tf.keep(device.computeOne(() => device.add(sum, part)));
    sum.dispose();
    return total;
  },
  sumOfSquares(tensors) {
    if (tensors.length === 0) return 0;
    const halves = device.scratch(() => {
      const sums = tensors.map((tensor) => device.operation("L2Loss", [tensor]));
      const together = device.operation("Pack", sums, ElementType.float, [
        device.count("N", sums.length),
        device.count("axis", 0),
      ]);
      return device.binding.tensorDataSync(together.id);
    });
    let total = 0;
    for (const half of halves) total += half;
    return 2 * total;
  },
  read: portableRoutines.read,
  write: portableRoutines.write,
});
