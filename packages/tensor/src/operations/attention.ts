import type { AttentionShape } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";

/** One sequence's rows, heads first: [G, H/G · T, d] for queries, [G, T, d] for keys, [G, T, e] for values. */
function headsFirst(x: tf.Tensor, start: number, rows: number, groups: number): tf.Tensor3D {
  const [, heads, size] = x.shape;
  const own = tf.slice(x, [start, 0, 0], [rows, heads, size]);
  return tf.reshape(tf.transpose(own, [1, 0, 2]), [groups, (heads / groups) * rows, size]);
}

/** The inverse of {@link headsFirst}: [T, heads, d or e]. */
function rowsFirst(x: tf.Tensor, rows: number, heads: number): tf.Tensor3D {
  const size = x.shape[2] as number;
  return tf.transpose(tf.reshape(x, [heads, rows, size]), [1, 0, 2]);
}

/** −∞ where a query may not look, [1, H/G · queries, keys]; the queries are the last of the keys. */
function causalMask(queries: number, keys: number, repeats: number): tf.Tensor {
  const mask = new Float32Array(queries * keys);
  const offset = keys - queries;
  for (let i = 0; i < queries; i++) mask.fill(-Infinity, i * keys + offset + i + 1, (i + 1) * keys);
  return tf.tile(tf.tensor3d(mask, [1, queries, keys]), [1, repeats, 1]);
}

interface Segment {
  readonly q: tf.Tensor3D;
  readonly k: tf.Tensor3D;
  readonly v: tf.Tensor3D;
  readonly queries: number;
  readonly keys: number;
  /** [G, H/G · queries, keys] */
  readonly probabilities: tf.Tensor3D;
}

function segmentOf(inputs: readonly tf.Tensor[], shape: AttentionShape, s: number): Segment {
  const { headCount, keyValueHeadCount: groups, scale, querySegments, keySegments } = shape;
  const queries = querySegments[s + 1] - querySegments[s];
  const keys = keySegments[s + 1] - keySegments[s];
  const q = headsFirst(inputs[0], querySegments[s], queries, groups);
  const k = headsFirst(inputs[1], keySegments[s], keys, groups);
  const v = headsFirst(inputs[2], keySegments[s], keys, groups);
  const scores = tf.mul(tf.matMul(q, k, false, true), scale);
  const masked = tf.add(scores, causalMask(queries, keys, headCount / groups));
  return { q, k, v, queries, keys, probabilities: tf.softmax(masked) as tf.Tensor3D };
}

/** Sequences that have keys. */
function sequences({ keySegments }: AttentionShape): number[] {
  const all = Array.from({ length: keySegments.length - 1 }, (_, s) => s);
  return all.filter((s) => keySegments[s + 1] > keySegments[s]);
}

const join = (parts: tf.Tensor3D[], shape: readonly number[]): tf.Tensor =>
  parts.length > 0 ? tf.concat(parts, 0) : tf.zeros([...shape]);

/** Whether keys of a sequence are seen by no query: nothing flows to them. */
const isUnseen = ({ querySegments }: AttentionShape, s: number): boolean =>
  querySegments[s + 1] === querySegments[s];

export const attentionOperation: Operation<AttentionShape> = {
  name: "attention",
  forward(inputs, shape) {
    const seen = sequences(shape).filter((s) => !isUnseen(shape, s));
    const parts = seen.map((s) =>
      tf.tidy(() => {
        const { v, queries, probabilities } = segmentOf(inputs, shape, s);
        return rowsFirst(tf.matMul(probabilities, v), queries, shape.headCount);
      }),
    );
    return { output: join(parts, [0, shape.headCount, shape.valueSize]), saved: inputs };
  },
  pullback(gradient, saved, shape) {
    const inputs = saved as tf.Tensor[];
    const { headCount, keyValueHeadCount: groups, scale, querySegments, keySegments } = shape;
    const { keySize, valueSize } = shape;
    const parts = sequences(shape).map((s) =>
      tf.tidy(() => {
        if (isUnseen(shape, s)) {
          const rows = keySegments[s + 1] - keySegments[s];
          return [
            tf.zeros<tf.Rank.R3>([0, headCount, keySize]),
            tf.zeros<tf.Rank.R3>([rows, groups, keySize]),
            tf.zeros<tf.Rank.R3>([rows, groups, valueSize]),
          ] as const;
        }
        const { q, k, v, queries, keys, probabilities: p } = segmentOf(inputs, shape, s);
        const dOut = headsFirst(gradient, querySegments[s], queries, groups);
        const dv = tf.matMul(p, dOut, true, false);
        const dp = tf.matMul(dOut, v, false, true);
        const ds = tf.mul(tf.mul(p, tf.sub(dp, tf.sum(tf.mul(p, dp), -1, true))), scale);
        return [
          rowsFirst(tf.matMul(ds, k), queries, headCount),
          rowsFirst(tf.matMul(ds, q, true, false), keys, groups),
          rowsFirst(dv, keys, groups),
        ] as const;
      }),
    );
    return inputs.map((input, index) =>
      join(
        parts.map((part) => part[index]),
        input.shape,
      ),
    );
  },
};

/**
 * Causal attention of sequences that lie end to end, with grouped key/value heads (arXiv:1706.03762, arXiv:2305.13245).
 *
 * Axes: N query rows, M key rows, H query heads, G key/value heads, d size of a head's keys, e of its values.
 * @param q [N, H, d]   @param k [M, G, d]   @param v [M, G, e]
 * @param shape sequence s owns query rows querySegments[s] … querySegments[s+1] and key rows likewise; its queries are
 * the last of its keys
 * @returns [N, H, e], owned by the caller
 * @throws ShapeError
 */
export function attention(
  q: tf.Tensor3D,
  k: tf.Tensor3D,
  v: tf.Tensor3D,
  shape: AttentionShape,
): tf.Tensor3D {
  const { headCount, keyValueHeadCount, keySize, valueSize, querySegments, keySegments } = shape;
  const expect = (name: string, x: tf.Tensor, rows: number, heads: number, size: number): void => {
    if (x.rank !== 3 || x.shape[0] !== rows || x.shape[1] !== heads || x.shape[2] !== size) {
      throw new ShapeError("attention", `${name} [${rows}, ${heads}, ${size}]`, x.shape);
    }
  };
  if (headCount % keyValueHeadCount !== 0) {
    throw new ShapeError("attention", `a multiple of ${keyValueHeadCount} key/value heads`, [headCount]);
  }
  if (querySegments.length !== keySegments.length) {
    throw new ShapeError("attention", `key segments [${querySegments.length}]`, [keySegments.length]);
  }
  for (let s = 0; s + 1 < querySegments.length; s++) {
    const [queries, keys] = [querySegments, keySegments].map((segments) => segments[s + 1] - segments[s]);
    if (queries < 0 || keys < queries) {
      throw new ShapeError("attention", `sequence ${s} with at least as many keys as queries (${queries})`, [
        keys,
      ]);
    }
  }
  expect("q", q, querySegments.at(-1) ?? 0, headCount, keySize);
  expect("k", k, keySegments.at(-1) ?? 0, keyValueHeadCount, keySize);
  expect("v", v, keySegments.at(-1) ?? 0, keyValueHeadCount, valueSize);
  return apply(attentionOperation, [q, k, v], shape) as tf.Tensor3D;
}
