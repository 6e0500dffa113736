import { type AttentionShape, hostKernels } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { type Kernel, type Kernels, kernelOf, type Operation } from "../../kernel.js";
import { addOperation, multiplyOperation, scaleOperation } from "../../operations/arithmetic.js";
import { attentionOperation } from "../../operations/attention.js";
import { crossEntropyOperation } from "../../operations/cross-entropy.js";
import { dropoutOperation } from "../../operations/dropout.js";
import { embeddingOperation } from "../../operations/embedding.js";
import { linearOperation } from "../../operations/linear.js";
import { rmsNormOperation } from "../../operations/rms-norm.js";
import { PACKED_LINEAR, type PackedLinearAttributes } from "../../operations/packed-linear.js";
import { ropeOperation } from "../../operations/rope.js";
import { swigluOperation } from "../../operations/swiglu.js";
import { transposeOperation } from "../../product.js";
import type { RotaryAngles } from "../../rotary-angles.js";
import { ElementType } from "./addon-types.js";
import type { Findings } from "./check-binding.js";
import type { Handle, Operand, ProductType, TensorFlowDevice } from "./device.js";
import { matrixForward, matrixInputGradient } from "./device-matrix.js";

/** Angles that are on each device: those of the pass under way. */
const uploadedAngles = new WeakMap<TensorFlowDevice, RotaryAngles>();

/** Cosines and sines over whole heads, [N, 1, d]: of a turn (C, S) and, for its inverse, −S. */
function turns(device: TensorFlowDevice, angles: RotaryAngles, size: number): readonly Handle[] {
  const { cos, sin } = angles;
  const before = uploadedAngles.get(device);
  if (before !== angles) {
    device.forget(before);
    uploadedAngles.set(device, angles);
  }
  return device.constant(angles, 12 * cos.length * 2, () => {
    const half = size / 2;
    const rows = cos.length / half;
    const [c, s, minus] = [cos, sin, sin].map(() => new Float32Array(rows * size));
    for (let n = 0; n < rows; n++) {
      for (let i = 0; i < half; i++) {
        const [from, to] = [n * half + i, n * size + i];
        c[to] = c[to + half] = cos[from];
        s[to] = minus[to + half] = -sin[from];
        s[to + half] = minus[to] = sin[from];
      }
    }
    return [c, s, minus].map((values) => device.upload([rows, 1, size], ElementType.float, values));
  });
}

/** (a, b) → (a cos − b sin, b cos + a sin), as x C + (b, a) S. */
function turned(device: TensorFlowDevice, x: tf.Tensor, angles: RotaryAngles, direction: 1 | -1): tf.Tensor {
  const [rows, heads, size] = x.shape as [number, number, number];
  if (x.size === 0) return tf.zeros(x.shape);
  return device.computeOne(() => {
    const [c, forward, backward] = turns(device, angles, size);
    const half = [rows, heads, size / 2];
    const swapped = device.concat(
      [device.slice(x, [0, 0, size / 2], half), device.slice(x, [0, 0, 0], half)],
      2,
    );
    return device.add(device.multiply(x, c), device.multiply(swapped, direction === 1 ? forward : backward));
  });
}

/** 1 / √(mean(x²) + ε) over the last axis, which stays. */
function reciprocalRms(device: TensorFlowDevice, x: tf.Tensor, epsilon: number): Handle {
  const meanSquare = device.reduce("Mean", device.operation("Square", [x]), [x.rank - 1], true);
  return device.operation("Rsqrt", [device.add(meanSquare, device.number(epsilon))]);
}

/** −∞ where a query may not look, [queries, keys]; the queries are the last of the keys. */
function causalMask(device: TensorFlowDevice, queries: number, keys: number): Handle {
  return device.constant(`mask ${queries} ${keys}`, 4 * queries * keys, () => {
    const mask = new Float32Array(queries * keys);
    const offset = keys - queries;
    for (let i = 0; i < queries; i++) mask.fill(-Infinity, i * keys + offset + i + 1, (i + 1) * keys);
    return [device.upload([queries, keys], ElementType.float, mask)];
  })[0];
}

/** One sequence of a batch, heads first. */
interface Segment {
  readonly queries: number;
  readonly keys: number;
  /** [G, H/G · queries, d] */
  readonly q: Handle;
  /** [G, keys, d] */
  readonly k: Handle;
  readonly v: Handle;
  /** [G, H/G · queries, keys] */
  readonly probabilities: Handle;
}

/** Rows of one sequence, heads first: [groups, heads/groups · rows, d]. */
function headsFirst(
  device: TensorFlowDevice,
  x: tf.Tensor,
  start: number,
  rows: number,
  groups: number,
): Handle {
  const [all, heads, size] = x.shape as [number, number, number];
  const own = rows === all ? x : device.slice(x, [start, 0, 0], [rows, heads, size]);
  return device.reshape(device.transpose(own, [1, 0, 2]), [groups, (heads / groups) * rows, size]);
}

/** The inverse of {@link headsFirst}: [rows, heads, d]. */
function rowsFirst(device: TensorFlowDevice, x: Handle, rows: number, heads: number, size: number): Handle {
  return device.transpose(device.reshape(x, [heads, rows, size]), [1, 0, 2]);
}

function segmentOf(
  device: TensorFlowDevice,
  [xq, xk, xv]: readonly tf.Tensor[],
  shape: AttentionShape,
  s: number,
): Segment {
  const { headCount: heads, keyValueHeadCount: groups, scale, querySegments, keySegments } = shape;
  const queries = querySegments[s + 1] - querySegments[s];
  const keys = keySegments[s + 1] - keySegments[s];
  const q = headsFirst(device, xq, querySegments[s], queries, groups);
  const k = headsFirst(device, xk, keySegments[s], keys, groups);
  const v = headsFirst(device, xv, keySegments[s], keys, groups);
  const products = device.batchProduct(q, k, false, true);
  const scaled = device.multiply(products, device.number(scale));
  device.free(products);
  const byHead = device.reshape(scaled, [heads, queries, keys]);
  device.free(scaled);
  // A single query, as in generation, sees all keys.
  const masked = queries === 1 ? byHead : device.add(byHead, causalMask(device, queries, keys));
  const shares = device.operation("Softmax", [masked]);
  device.free(byHead, masked);
  const probabilities = device.reshape(shares, [groups, (heads / groups) * queries, keys]);
  device.free(shares);
  return { queries, keys, q, k, v, probabilities };
}

const joined = (device: TensorFlowDevice, parts: readonly Handle[]): Handle =>
  parts.length === 1 ? parts[0] : device.concat(parts, 0);

function zeros(device: TensorFlowDevice, ...shape: number[]): Handle {
  return device.operation("Fill", [device.integers(...shape), device.number(0)]);
}

/**
 * Kernels of whole operations in TensorFlow's own.
 * @param type of products   @param findings operations that this library lacks stay portable
 */
export function tensorFlowKernels(device: TensorFlowDevice, type: ProductType, findings: Findings): Kernels {
  const works = (...names: string[]): boolean => names.every((name) => findings[name] === null);
  const own = new Map<string, Kernel<never>>();
  const give = <Attributes>(
    operation: Operation<Attributes>,
    make: (device: TensorFlowDevice, type: ProductType) => Kernel<Attributes>,
  ): void => {
    own.set(...kernelOf(operation, make(device, type)));
  };

  give(linearOperation, (device, type) => ({
    forward([x, weight, bias], { layout }, [needsX, needsWeight]) {
      const output = device.computeOne(() => {
        const y = device.product(type, x, weight, false, layout === "OI");
        return bias ? device.operation("BiasAdd", [y, bias]) : y;
      });
      return { output, saved: [needsWeight ? x : null, needsX ? weight : null] };
    },
    pullback(dy, [x, weight], { layout }, [needsX, needsWeight, needsBias]) {
      const input = x as tf.Tensor;
      return device.compute(() => [
        needsX ? device.product(type, dy, weight as tf.Tensor, false, layout === "IO") : null,
        needsWeight
          ? layout === "IO"
            ? device.product(type, input, dy, true, false)
            : device.product(type, dy, input, true, false)
          : null,
        needsBias ? device.reduce("Sum", dy, [0], false) : null,
      ]);
    },
  }));

  give(transposeOperation, (device) => ({
    forward: ([x]) => ({ output: device.computeOne(() => device.transpose(x, [1, 0])), saved: [] }),
    pullback: (gradient) => [device.computeOne(() => device.transpose(gradient, [1, 0]))],
  }));

  give(embeddingOperation, (device) => ({
    forward: ([table], { ids }) => ({
      output: device.computeOne(() => {
        const places = device.upload([ids.length], ElementType.int32, ids);
        const attributes = [
          device.type("Tparams", ElementType.float),
          device.type("Tindices", ElementType.int32),
          device.type("Taxis", ElementType.int32),
        ];
        return device.operations("GatherV2", attributes, [table, places, device.integer(0)], 1)[0];
      }),
      saved: [],
    }),
    pullback: (gradient, _saved, { ids, rows }) => [
      device.computeOne(() => {
        const places = device.upload([ids.length], ElementType.int32, ids);
        return device.operation(
          "UnsortedSegmentSum",
          [gradient, places, device.integer(rows)],
          ElementType.float,
          [device.type("Tindices", ElementType.int32), device.type("Tnumsegments", ElementType.int32)],
        );
      }),
    ],
  }));

  give(rmsNormOperation, (device) => ({
    forward: ([x, weight], { epsilon }) => ({
      output: device.computeOne(() =>
        device.multiply(device.multiply(x, reciprocalRms(device, x, epsilon)), weight),
      ),
      saved: [x, weight],
    }),
    pullback(gradient, saved, { epsilon }, [needsX, needsWeight]) {
      const [x, weight] = saved as tf.Tensor[];
      const last = x.rank - 1;
      return device.compute(() => {
        const r = reciprocalRms(device, x, epsilon);
        const normalised = device.multiply(x, r);
        const dx = (): Handle => {
          // With n = x r and g = dy w: dx = r (g − n · mean(g n)).
          const g = device.multiply(gradient, weight);
          const mean = device.reduce("Mean", device.multiply(g, normalised), [last], true);
          return device.multiply(r, device.subtract(g, device.multiply(normalised, mean)));
        };
        const leading = Array.from({ length: last }, (_, axis) => axis);
        const dWeight = (): Handle =>
          device.reduce("Sum", device.multiply(gradient, normalised), leading, false);
        return [needsX ? dx() : null, needsWeight ? dWeight() : null];
      });
    },
  }));

  give(ropeOperation, (device) => ({
    forward: ([x], angles) => ({ output: turned(device, x, angles, 1), saved: [] }),
    pullback: (gradient, _saved, angles) => [turned(device, gradient, angles, -1)],
  }));

  give<AttentionShape>(attentionOperation, (device) => ({
    forward(inputs, shape) {
      const { headCount, valueSize, querySegments } = shape;
      const output = device.computeOne(() => {
        const parts: Handle[] = [];
        for (let s = 0; s + 1 < querySegments.length; s++) {
          if (querySegments[s + 1] === querySegments[s]) continue;
          const { v, queries, probabilities } = segmentOf(device, inputs, shape, s);
          const sums = device.batchProduct(probabilities, v, false, false);
          parts.push(rowsFirst(device, sums, queries, headCount, valueSize));
          device.free(probabilities, sums);
        }
        return parts.length > 0 ? joined(device, parts) : zeros(device, 0, headCount, valueSize);
      });
      return { output, saved: inputs };
    },
    pullback(gradient, saved, shape) {
      const inputs = saved as tf.Tensor[];
      const { headCount, keyValueHeadCount: groups, scale, querySegments, keySegments } = shape;
      const { keySize, valueSize } = shape;
      return device.compute(() => {
        const [dqs, dks, dvs]: Handle[][] = [[], [], []];
        for (let s = 0; s + 1 < querySegments.length; s++) {
          const keyRows = keySegments[s + 1] - keySegments[s];
          if (keyRows === 0) continue;
          if (querySegments[s + 1] === querySegments[s]) {
            // Keys that no query sees.
            dks.push(zeros(device, keyRows, groups, keySize));
            dvs.push(zeros(device, keyRows, groups, valueSize));
            continue;
          }
          const { q, k, v, queries, keys, probabilities: p } = segmentOf(device, inputs, shape, s);
          const dOut = headsFirst(device, gradient, querySegments[s], queries, groups);
          const dv = device.batchProduct(p, dOut, true, false);
          const dp = device.batchProduct(dOut, v, false, true);
          const weighted = device.multiply(p, dp);
          const means = device.reduce("Sum", weighted, [2], true);
          const centred = device.multiply(p, device.subtract(dp, means));
          const ds = device.multiply(centred, device.number(scale));
          device.free(p, dp, weighted, centred);
          dqs.push(rowsFirst(device, device.batchProduct(ds, k, false, false), queries, headCount, keySize));
          dks.push(rowsFirst(device, device.batchProduct(ds, q, true, false), keys, groups, keySize));
          dvs.push(rowsFirst(device, dv, keys, groups, valueSize));
          device.free(ds);
        }
        const all = (parts: readonly Handle[], heads: number, size: number): Handle =>
          parts.length > 0 ? joined(device, parts) : zeros(device, 0, heads, size);
        return [all(dqs, headCount, keySize), all(dks, groups, keySize), all(dvs, groups, valueSize)];
      });
    },
  }));

  give(swigluOperation, (device) => ({
    forward: ([gate, up]) => ({
      output: device.computeOne(() => {
        const s = device.operation("Sigmoid", [gate]);
        const silu = device.multiply(gate, s);
        device.free(s);
        return device.multiply(silu, up);
      }),
      saved: [gate, up],
    }),
    // These are the largest tensors of a layer, so each is freed as soon as it has been used.
    pullback(gradient, saved, _attributes, [needsGate, needsUp]) {
      const [gate, up] = saved as tf.Tensor[];
      return device.compute(() => {
        const s = device.operation("Sigmoid", [gate]);
        const silu = needsUp ? device.multiply(gate, s) : null;
        const dUp = silu && device.multiply(gradient, silu);
        if (silu) device.free(silu);
        if (!needsGate) return [null, dUp];
        // With g = dy · up: g (s + gate · s (1 − s)).
        const g = device.multiply(gradient, up);
        const slope = device.operation("SigmoidGrad", [s, g]);
        const curved = device.multiply(gate, slope);
        device.free(slope);
        const straight = device.multiply(g, s);
        device.free(g, s);
        const dGate = device.add(straight, curved);
        device.free(straight, curved);
        return [dGate, dUp];
      });
    },
  }));

  const sum = (device: TensorFlowDevice, a: Operand, b: Operand): tf.Tensor =>
    device.computeOne(() => device.add(a, b));
  give(addOperation, (device) => ({
    forward: ([a, b]) => ({ output: sum(device, a, b), saved: [] }),
    pullback: addOperation.pullback,
  }));

  give(scaleOperation, (device) => {
    const scaled = (x: tf.Tensor, factor: number): tf.Tensor =>
      device.computeOne(() => device.multiply(x, device.number(factor)));
    return {
      forward: ([x], { factor }) => ({ output: scaled(x, factor), saved: [] }),
      pullback: (gradient, _saved, { factor }) => [scaled(gradient, factor)],
    };
  });

  give(multiplyOperation, (device) => ({
    forward: ([x, row], _attributes, [needsX, needsRow]) => ({
      output: device.computeOne(() => device.multiply(x, row)),
      saved: [needsRow ? x : null, needsX ? row : null],
    }),
    pullback: (gradient, [x, row], _attributes, [needsX, needsRow]) =>
      device.compute(() => [
        needsX ? device.multiply(gradient, row as tf.Tensor) : null,
        needsRow ? device.reduce("Sum", device.multiply(gradient, x as tf.Tensor), [0], false) : null,
      ]),
  }));

  give(dropoutOperation, (device) => {
    const { dropoutMask } = hostKernels();
    // Drawn on the host, so that masks are the same on every engine, and sent as a byte an element.
    const dropped = (x: tf.Tensor, key: readonly [number, number], rate: number): tf.Tensor =>
      device.computeOne(() => {
        const factors = new Float32Array(x.size);
        dropoutMask(factors, key, rate);
        const kept = new Uint8Array(factors.length);
        for (let i = 0; i < factors.length; i++) if (factors[i] !== 0) kept[i] = 1;
        const bytes = device.upload(x.shape, ElementType.uint8, kept);
        const mask = device.cast(bytes, ElementType.uint8, ElementType.float);
        const scaled = device.multiply(mask, device.number(1 / (1 - rate)));
        device.free(bytes, mask);
        return device.multiply(x, scaled);
      });
    return {
      forward: ([x], { key, rate }) => ({ output: dropped(x, key, rate), saved: [] }),
      pullback: (gradient, _saved, { key, rate }) => [dropped(gradient, key, rate)],
    };
  });

  if (works("SparseSoftmaxCrossEntropyWithLogits")) {
    give(crossEntropyOperation, (device) => ({
      forward([logits], { targets }, [needed]) {
        const [output, gradients] = device.compute(() => {
          const labels = device.upload([targets.length], ElementType.int32, targets);
          const [losses, slopes] = device.operations(
            "SparseSoftmaxCrossEntropyWithLogits",
            [device.type("T", ElementType.float), device.type("Tlabels", ElementType.int32)],
            [logits, labels],
            2,
          );
          return [losses, needed ? slopes : null];
        });
        return { output, saved: [gradients] };
      },
      pullback: (gradient, [gradients]) => [
        device.computeOne(() =>
          device.multiply(gradients as tf.Tensor, device.reshape(gradient, [gradient.size, 1])),
        ),
      ],
    }));
  }

  // The codes are uploaded on first use and stay on the device as they are.
  const packed: Kernel<PackedLinearAttributes> = {
    forward: ([x, bias = null], { matrix }) => ({
      output: matrixForward(device, type, x, matrix, bias),
      saved: [],
    }),
    pullback: (gradient, _saved, { matrix }, [needsX]) => [
      needsX ? matrixInputGradient(device, type, gradient, matrix) : null,
      null,
    ],
  };
  own.set(PACKED_LINEAR, packed);
  return own;
}
