import * as tf from "@tensorflow/tfjs-core";
import { registerRoutines } from "../../routines.js";
import { NATIVE_BACKEND, nativeBackend } from "./native-backend.js";
import { nativeTensor, nativeView } from "./native-tensor.js";

/** Registers the C++ kernels that work over many tensors in one call. */
export function registerNativeRoutines(): void {
  registerRoutines(NATIVE_BACKEND, {
    adamW(updates, settings) {
      // Into new tensors: whoever remembers a variable's data, e.g. a norm of it, sees that it has changed.
      const copied = updates.map(({ variable, gradient, first, second }) => ({
        gradient,
        targets: [variable, first, second].map((from) => ({
          from,
          to: nativeTensor(from.shape, (values) => {
            values.set(nativeView(from));
          }),
        })),
      }));
      nativeBackend().kernels.adamW(
        copied.map(({ gradient, targets: [parameter, first, second] }) => ({
          parameter: nativeView(parameter.to),
          gradient: nativeView(gradient),
          first: nativeView(first.to),
          second: nativeView(second.to),
        })),
        settings,
      );
      for (const { from, to } of copied.flatMap(({ targets }) => targets)) {
        from.assign(to);
        to.dispose();
      }
    },
    addInto(sum, part) {
      const backend = nativeBackend();
      const isOwn = backend.isExclusive(sum) && sum.dataId !== part.dataId;
      const target = isOwn ? sum : tf.keep(backend.uninitialised(sum.shape));
      backend.kernels.add(nativeView(sum), nativeView(part), nativeView(target));
      if (!isOwn) sum.dispose();
      return target;
    },
    sumOfSquares: (tensors) => nativeBackend().kernels.sumOfSquares(tensors.map(nativeView)),
  });
}
