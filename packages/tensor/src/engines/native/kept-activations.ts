import type { KeptActivation, NativeKernels } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { keeping, type Kept } from "../../kept.js";
import type { NativeBackend } from "./native-backend.js";
import { NativeRoom } from "./native-room.js";

/** What activations are kept with. */
export interface KeepingDevice {
  readonly backend: NativeBackend;
  readonly kernels: NativeKernels;
  /** Whether everything is kept as it is. */
  readonly isExact: boolean;
  /** The values of a tensor, in place. */
  readonly view: (tensor: tf.TensorInfo) => Float32Array;
  /** A new tensor that `fill` gives its values. */
  tensor(shape: readonly number[], fill: (values: Float32Array) => void): tf.Tensor;
}

/** An activation that a record keeps. */
export interface NativeActivation extends Kept {
  /** Its values in float32: the tensor that was kept, or a new one. @param shape of the tensor; others may share its values */
  open(shape: readonly number[]): tf.Tensor;
}

/** A {@link NativeActivation} whose values kernels read where they lie. */
export interface ReadableActivation extends NativeActivation {
  readonly view: KeptActivation;
}

/** As it is, in float32. */
class WholeActivation implements ReadableActivation {
  readonly #tensor: tf.Tensor;

  constructor(
    readonly device: KeepingDevice,
    tensor: tf.Tensor,
  ) {
    this.#tensor = tf.keep(tensor.clone());
  }

  get view(): Float32Array {
    return this.device.view(this.#tensor);
  }

  open(): tf.Tensor {
    return this.#tensor;
  }

  dispose(): void {
    this.#tensor.dispose();
  }
}

/** Its values rounded to bfloat16, which several records may share: the last to dispose it frees it. */
class HalfActivation implements ReadableActivation {
  readonly #room: NativeRoom;
  readonly #onFree: () => void;
  #users = 1;

  constructor(
    readonly device: KeepingDevice,
    x: tf.Tensor,
    onFree: () => void,
  ) {
    this.#onFree = onFree;
    this.#room = keeping((keep) => {
      const room = keep(new NativeRoom(device.backend, x.size * Uint16Array.BYTES_PER_ELEMENT));
      device.kernels.toBf16(device.view(x), room.halves(x.size));
      return room;
    });
    this.view = this.#room.halves(x.size);
  }

  readonly view: Uint16Array;

  /** One more record needs it. */
  shared(): this {
    this.#users++;
    return this;
  }

  open(shape: readonly number[]): tf.Tensor {
    return this.device.tensor(shape, (values) => {
      this.device.kernels.fromBf16(this.view, values);
    });
  }

  dispose(): void {
    if (--this.#users > 0) return;
    this.#room.dispose();
    this.#onFree();
  }
}

/** How a normalised activation came about. */
interface Norm {
  readonly input: HalfActivation;
  readonly weight: tf.Tensor;
  readonly epsilon: number;
}

/** What a norm gave, by what is kept of the norm's input for the norm itself. */
class NormedActivation implements NativeActivation {
  readonly #norm: Norm;

  constructor(
    readonly device: KeepingDevice,
    { input, weight, epsilon }: Norm,
  ) {
    this.#norm = keeping((keep) => ({
      input: keep(input.shared()),
      weight: keep(tf.keep(weight.clone())),
      epsilon,
    }));
  }

  open(shape: readonly number[]): tf.Tensor {
    const { input, weight, epsilon } = this.#norm;
    const { kernels, view } = this.device;
    return this.device.tensor(shape, (values) => {
      kernels.fromBf16(input.view, values);
      kernels.rmsNormForward(values, view(weight), values, epsilon);
    });
  }

  dispose(): void {
    this.#norm.input.dispose();
    this.#norm.weight.dispose();
  }
}

/** Rows that enter a pullback only as sums over each: as they are, or in codes of 8 bits with a scale a row. */
export class KeptRows implements Kept {
  readonly values: Float32Array | Int8Array;
  /** Null where the values are as they are. */
  readonly scales: Float32Array | null;
  readonly #parts: readonly Kept[];

  /** @param width of a row */
  constructor(device: KeepingDevice, x: tf.Tensor, width: number) {
    if (device.isExact) {
      const whole = new WholeActivation(device, x);
      this.values = whole.view;
      this.scales = null;
      this.#parts = [whole];
      return;
    }
    const rows = x.size / width;
    const [codes, scales] = keeping((keep) => {
      const rooms = [
        keep(new NativeRoom(device.backend, x.size)),
        keep(new NativeRoom(device.backend, rows * Float32Array.BYTES_PER_ELEMENT)),
      ];
      device.kernels.toInt8Rows(device.view(x), rooms[0].codes(x.size), rooms[1].floats(rows));
      return rooms;
    });
    this.values = codes.codes(x.size);
    this.scales = scales.floats(rows);
    this.#parts = [codes, scales];
  }

  dispose(): void {
    for (const part of this.#parts) part.dispose();
  }
}

/**
 * What the records of one tape keep of activations: in precision `fp32` the tensors themselves, else values rounded to
 * bfloat16, once where several records need the same. Activations are known by their data, as reshaped tensors share it.
 */
export class KeptActivations {
  readonly #device: KeepingDevice;
  /** By the data that was rounded; those that are alive. */
  readonly #halves = new Map<tf.DataId, HalfActivation>();
  /** By the data of normalised activations whose norm's input is kept. */
  readonly #norms = new Map<tf.DataId, Norm>();

  constructor(device: KeepingDevice) {
    this.#device = device;
  }

  /** What one record keeps of an activation. */
  keep(x: tf.Tensor): ReadableActivation {
    return this.#device.isExact ? new WholeActivation(this.#device, x) : this.#half(x);
  }

  /**
   * {@link KeptActivations.keep} of a norm's input, for its own pullback. Says how `normed` came about, so that
   * {@link KeptActivations.keepInput} need not keep it.
   */
  keepNormInput(x: tf.Tensor, normed: tf.Tensor, weight: tf.Tensor, epsilon: number): ReadableActivation {
    if (this.#device.isExact) return new WholeActivation(this.#device, x);
    const input = this.#half(x);
    this.#norms.set(normed.dataId, { input, weight, epsilon });
    return input;
  }

  /** What a record keeps of the input of a linear: of what a norm gave, nothing beside what the norm keeps. */
  keepInput(x: tf.Tensor): NativeActivation {
    const norm = this.#norms.get(x.dataId);
    return norm ? new NormedActivation(this.#device, norm) : this.keep(x);
  }

  #half(x: tf.Tensor): HalfActivation {
    const { dataId } = x;
    const known = this.#halves.get(dataId);
    if (known) return known.shared();
    const half = new HalfActivation(this.#device, x, () => {
      this.#halves.delete(dataId);
      for (const [normed, { input }] of this.#norms) if (input === half) this.#norms.delete(normed);
    });
    this.#halves.set(dataId, half);
    return half;
  }
}
