import type * as tf from "@tensorflow/tfjs-core";
import type { NativeDevice } from "./native-device.js";

/** Numbers of 64 bytes: parts of the room begin where a cache line does and the widest vector. */
const ALIGNED_NUMBERS = 16;

/** Memory that the layers of a step work in, one after the other. What the first finds too small is larger for the next. */
export class StepRoom {
  readonly #device: NativeDevice;
  #space: tf.Tensor;
  /** What did not fit, each in a tensor of its own. */
  #extra: tf.Tensor[] = [];
  #used = 0;
  /** Most numbers that a layer has taken. */
  most: number;

  /** @param length numbers that a layer is expected to take */
  constructor(device: NativeDevice, length: number) {
    this.#device = device;
    this.most = length;
    this.#space = device.uninitialised([length]);
  }

  /** Room for so many numbers until the layer ends; its values are not set. */
  take(length: number): Float32Array {
    const start = this.#used;
    this.#used += Math.ceil(length / ALIGNED_NUMBERS) * ALIGNED_NUMBERS;
    this.most = Math.max(this.most, this.#used);
    if (this.#used <= this.#space.size) {
      return this.#device.view(this.#space).subarray(start, start + length);
    }
    const extra = this.#device.uninitialised([length]);
    this.#extra.push(extra);
    return this.#device.view(extra);
  }

  /** Takes everything back for the next layer. */
  clear(): void {
    this.#used = 0;
    if (this.#extra.length === 0) return;
    this.dispose();
    this.#space = this.#device.uninitialised([this.most]);
  }

  /** Frees the memory. */
  dispose(): void {
    for (const one of [this.#space, ...this.#extra]) one.dispose();
    this.#extra = [];
  }
}
