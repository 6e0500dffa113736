import { NoTapeError } from "../../errors.js";
import type { NativeKernels, ProductOptions, ProductPrecision, WeightMatrix } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";
import { keeping, type KeptTogether } from "../../kept.js";
import { KeptActivations } from "./kept-activations.js";
import type { NativeBackend } from "./native-backend.js";

/** What kernels of the native engine work with: its backend, the C++ kernels and how products are to be computed. */
export class NativeDevice {
  readonly backend: NativeBackend;
  readonly kernels: NativeKernels;
  /** How products with weights are computed; one object, which kernels are given as it is. */
  readonly products: ProductOptions & { readonly precision: ProductPrecision };
  readonly #makeActivations = (): KeptActivations => new KeptActivations(this);

  constructor(backend: NativeBackend, precision: ProductPrecision) {
    this.backend = backend;
    this.kernels = backend.kernels;
    this.products = { precision };
  }

  /** Whether everything is kept and multiplied as it is. */
  get isExact(): boolean {
    return this.products.precision === "fp32";
  }

  /** The values of a tensor, in place; valid while the tensor lives. */
  readonly view = (tensor: tf.TensorInfo): Float32Array => this.backend.view(tensor);

  /** A new tensor whose values are not set. */
  uninitialised(shape: readonly number[]): tf.Tensor {
    return this.backend.uninitialised(shape);
  }

  /** A new tensor that `fill` gives its values. */
  tensor(shape: readonly number[], fill: (values: Float32Array) => void): tf.Tensor {
    return keeping((keep) => {
      const output = keep(this.backend.uninitialised(shape));
      fill(this.backend.view(output));
      return output;
    });
  }

  /** A tensor as kernels take weights, in place. @param weight [O, I] */
  weight(weight: tf.Tensor): WeightMatrix {
    const [outFeatures, inFeatures] = weight.shape as [number, number];
    return {
      format: "fp32",
      shape: [outFeatures, inFeatures],
      codes: this.backend.view(weight),
      scales: null,
    };
  }

  /** What the records of a tape keep of activations. @param together of the tape; not null where a gradient is needed */
  activations(together: KeptTogether | null): KeptActivations {
    if (!together) throw new NoTapeError("native");
    return together.part(this.#makeActivations);
  }
}
