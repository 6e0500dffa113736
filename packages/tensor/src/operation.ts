import * as tf from "@tensorflow/tfjs-core";
import { engineInUse } from "./engine-in-use.js";
import type { Kernel, ManyKernel, Operation, Saved } from "./kernel.js";
import { keeping, type Kept, type KeptTogether } from "./kept.js";
import { activeTape } from "./scope.js";

/** The kernel in force: that of the engine in use where it takes such attributes, else the operation's portable form. */
export function kernelFor<Attributes>(
  operation: Operation<Attributes>,
  attributes: Attributes,
): Kernel<Attributes> {
  const kernel = engineInUse().kernels.get(operation.name) as Kernel<Attributes> | undefined;
  return kernel && (kernel.takes?.(attributes) ?? true) ? kernel : operation;
}

/**
 * Computes an operation and records it on the active tape if an input is tracked there.
 * @returns the output; the caller owns it
 */
export function apply<Attributes>(
  operation: Operation<Attributes>,
  inputs: readonly tf.Tensor[],
  attributes: Attributes,
): tf.Tensor {
  const kernel = kernelFor(operation, attributes);
  const [output] = recorded(inputs, {
    forward(needed, together) {
      const forward = kernel.forward(inputs, attributes, needed, together);
      return { outputs: [forward.output], saved: forward.saved };
    },
    pullback: ([gradient], saved, needed) =>
      kernel.pullback(gradient as tf.Tensor, saved, attributes, needed),
  });
  return output;
}

/** {@link apply} of a kernel with several outputs. @returns its outputs, owned by the caller */
export function applyMany<Attributes>(
  kernel: ManyKernel<Attributes>,
  inputs: readonly tf.Tensor[],
  attributes: Attributes,
): tf.Tensor[] {
  return recorded(inputs, {
    forward: (needed, together) => kernel.forward(inputs, attributes, needed, together),
    pullback: (gradients, saved, needed) => kernel.pullback(gradients, saved, attributes, needed),
  });
}

/** A computation of some inputs, as it is recorded. */
interface Computation {
  readonly forward: (
    needed: readonly boolean[],
    together: KeptTogether | null,
  ) => { readonly outputs: readonly tf.Tensor[]; readonly saved: Saved };
  readonly pullback: (
    gradients: readonly (tf.Tensor | null)[],
    saved: Saved,
    needed: readonly boolean[],
  ) => (tf.Tensor | null)[];
}

function recorded(inputs: readonly tf.Tensor[], { forward, pullback }: Computation): tf.Tensor[] {
  const tape = activeTape();
  const needed = inputs.map((input) => tape?.isTracked(input) ?? false);
  const isTracked = needed.includes(true);
  if (!tape?.keeps || !isTracked) {
    const nothing = inputs.map(() => false);
    const outputs = inTidy(() => forward(nothing, null).outputs);
    if (tape && isTracked) for (const output of outputs) tape.track(output);
    return outputs;
  }
  let saved: Saved = [];
  const outputs = inTidy(() => {
    const given = forward(needed, tape.together);
    saved = ownOf(given.saved);
    return given.outputs;
  });
  const kept = saved.filter((one) => one !== null);
  tape.record(outputs, inputs, kept, (gradients) => pullback(gradients, saved, needed));
  return outputs;
}

const inTidy = (compute: () => readonly tf.Tensor[]): tf.Tensor[] => tf.tidy(() => [...compute()]);

/**
 * What the tape owns of what a forward pass saved. A clone of a tensor is a second handle on the same memory: the tape's own,
 * whatever the owner does with the first. All else was handed over.
 */
const ownOf = (saved: Saved): Saved =>
  keeping((keep) => {
    for (const kept of saved) if (kept && !(kept instanceof tf.Tensor)) keep(kept);
    return saved.map((kept) => (kept instanceof tf.Tensor ? keep<Kept>(tf.keep(kept.clone())) : kept));
  });
