import { hostKernels, type HostKernels, SimdMemoryError } from "@lathe/kernels";
import { HostMemoryError } from "./errors.js";

/** The same function; its want of memory is an error of this package, which people read in their language. */
function spoken<Arguments extends readonly unknown[], Result>(
  kernel: (...given: Arguments) => Result,
): (...given: Arguments) => Result {
  return (...given) => {
    try {
      return kernel(...given);
    } catch (error) {
      if (!(error instanceof SimdMemoryError)) throw error;
      throw new HostMemoryError(error.bytes, error.limit, { cause: error });
    }
  };
}

/** The fastest kernels of the host that run here. A call throws {@link HostMemoryError} where it needs too much memory. */
export function spokenHostKernels(kernels: HostKernels = hostKernels()): HostKernels {
  return {
    name: kernels.name,
    reason: kernels.reason,
    attentionForward: spoken(kernels.attentionForward),
    attentionBackward: spoken(kernels.attentionBackward),
    softmaxCrossEntropy: spoken(kernels.softmaxCrossEntropy),
    softmaxCrossEntropyGradient: spoken(kernels.softmaxCrossEntropyGradient),
    dropoutMask: spoken(kernels.dropoutMask),
    rotate: spoken(kernels.rotate),
    transpose: spoken(kernels.transpose),
  };
}
