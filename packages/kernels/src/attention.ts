/** Number and size of the heads of attention. */
export interface AttentionHeads {
  /** Query heads, H; a multiple of `keyValueHeadCount`. */
  readonly headCount: number;
  /** Heads of keys and values, G. */
  readonly keyValueHeadCount: number;
  /** Numbers a head of queries and keys, d. */
  readonly keySize: number;
  /** Numbers a head of values and of what attention gives, e. */
  readonly valueSize: number;
  /** Factor on the scores, usually 1 / √d. */
  readonly scale: number;
}

/**
 * Causal attention over sequences that lie end to end, with grouped key/value heads.
 *
 * Axes: S sequences, N query rows, M key rows, H query heads, G key/value heads (G divides H), d size of a head's keys, e of its
 * values.
 * Sequence s owns query rows [querySegments[s], querySegments[s+1]) and key rows [keySegments[s], keySegments[s+1]).
 * Its queries are the last of its keys: query i sees keys 0 … i + (keys − queries). Nothing crosses a sequence, and
 * no T × T matrix exists: scores live in one row of a sequence's length.
 */
export interface AttentionShape extends AttentionHeads {
  /** Cumulative row offsets of the queries, S + 1 entries from 0 to N. */
  readonly querySegments: Int32Array;
  /** Cumulative row offsets of the keys, S + 1 entries from 0 to M. */
  readonly keySegments: Int32Array;
}

/** softmax(scale · q kᵀ + causal) into `row`, over `visible` keys. */
function softmaxRow(
  q: Float32Array,
  qStart: number,
  k: Float32Array,
  kStart: number,
  kStride: number,
  visible: number,
  d: number,
  scale: number,
  row: Float64Array,
): void {
  let largest = -Infinity;
  for (let j = 0; j < visible; j++) {
    const base = kStart + j * kStride;
    // Four partial sums: one chain of additions would wait for each result.
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let c = 0;
    for (; c + 3 < d; c += 4) {
      s0 += q[qStart + c] * k[base + c];
      s1 += q[qStart + c + 1] * k[base + c + 1];
      s2 += q[qStart + c + 2] * k[base + c + 2];
      s3 += q[qStart + c + 3] * k[base + c + 3];
    }
    for (; c < d; c++) s0 += q[qStart + c] * k[base + c];
    const score = (s0 + s1 + (s2 + s3)) * scale;
    row[j] = score;
    if (score > largest) largest = score;
  }
  let sum = 0;
  for (let j = 0; j < visible; j++) {
    const e = Math.exp(row[j] - largest);
    row[j] = e;
    sum += e;
  }
  const inverse = 1 / sum;
  for (let j = 0; j < visible; j++) row[j] *= inverse;
}

function longestSegment(segments: Int32Array): number {
  let longest = 0;
  for (let s = 0; s + 1 < segments.length; s++) longest = Math.max(longest, segments[s + 1] - segments[s]);
  return longest;
}

/**
 * out = softmax(scale · q kᵀ + causal) v.
 *
 * @param q [N, H, d]   @param k [M, G, d]   @param v [M, G, e]
 * @param out [N, H, e], overwritten
 */
export function attentionForward(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  out: Float32Array,
  shape: AttentionShape,
): void {
  const { headCount, keyValueHeadCount, keySize: d, valueSize: e, scale, querySegments, keySegments } = shape;
  const group = headCount / keyValueHeadCount;
  const [qStride, outStride] = [headCount * d, headCount * e];
  const [kStride, vStride] = [keyValueHeadCount * d, keyValueHeadCount * e];
  const row = new Float64Array(longestSegment(keySegments));
  const sum = new Float64Array(e);
  for (let s = 0; s + 1 < querySegments.length; s++) {
    const queries = querySegments[s + 1] - querySegments[s];
    const offset = keySegments[s + 1] - keySegments[s] - queries;
    for (let h = 0; h < headCount; h++) {
      const kStart = keySegments[s] * kStride + Math.floor(h / group) * d;
      const vStart = keySegments[s] * vStride + Math.floor(h / group) * e;
      for (let i = 0; i < queries; i++) {
        const qStart = (querySegments[s] + i) * qStride + h * d;
        const outStart = (querySegments[s] + i) * outStride + h * e;
        const visible = offset + i + 1;
        softmaxRow(q, qStart, k, kStart, kStride, visible, d, scale, row);
        sum.fill(0);
        for (let j = 0; j < visible; j++) {
          const p = row[j];
          const base = vStart + j * vStride;
          for (let c = 0; c < e; c++) sum[c] += p * v[base + c];
        }
        for (let c = 0; c < e; c++) out[outStart + c] = sum[c];
      }
    }
  }
}

/**
 * Gradients of {@link attentionForward}; probabilities are computed again instead of kept.
 *
 * With P the probabilities: dV = Pᵀ dO, dP = dO Vᵀ, dS = P ∘ (dP − rowsum(P ∘ dP)), dQ = scale · dS K,
 * dK = scale · dSᵀ Q; heads of one group add up in dK and dV.
 *
 * @param dOut [N, H, e]
 * @param dq [N, H, d], overwritten   @param dk [M, G, d], overwritten   @param dv [M, G, e], overwritten
 */
export function attentionBackward(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  dOut: Float32Array,
  dq: Float32Array,
  dk: Float32Array,
  dv: Float32Array,
  shape: AttentionShape,
): void {
  const { headCount, keyValueHeadCount, keySize: d, valueSize: e, scale, querySegments, keySegments } = shape;
  const group = headCount / keyValueHeadCount;
  const [qStride, outStride] = [headCount * d, headCount * e];
  const [kStride, vStride] = [keyValueHeadCount * d, keyValueHeadCount * e];
  const longest = longestSegment(keySegments);
  const row = new Float64Array(longest);
  const dRow = new Float64Array(longest);
  dq.fill(0);
  dk.fill(0);
  dv.fill(0);
  for (let s = 0; s + 1 < querySegments.length; s++) {
    const queries = querySegments[s + 1] - querySegments[s];
    const offset = keySegments[s + 1] - keySegments[s] - queries;
    for (let h = 0; h < headCount; h++) {
      const kStart = keySegments[s] * kStride + Math.floor(h / group) * d;
      const vStart = keySegments[s] * vStride + Math.floor(h / group) * e;
      for (let i = 0; i < queries; i++) {
        const qStart = (querySegments[s] + i) * qStride + h * d;
        const outStart = (querySegments[s] + i) * outStride + h * e;
        const visible = offset + i + 1;
        softmaxRow(q, qStart, k, kStart, kStride, visible, d, scale, row);
        let dot = 0;
        for (let j = 0; j < visible; j++) {
          const base = vStart + j * vStride;
          const p = row[j];
          let s0 = 0;
          let s1 = 0;
          let c = 0;
          for (; c + 1 < e; c += 2) {
            const g0 = dOut[outStart + c];
            const g1 = dOut[outStart + c + 1];
            s0 += g0 * v[base + c];
            s1 += g1 * v[base + c + 1];
            dv[base + c] += p * g0;
            dv[base + c + 1] += p * g1;
          }
          if (c < e) {
            s0 += dOut[outStart + c] * v[base + c];
            dv[base + c] += p * dOut[outStart + c];
          }
          dRow[j] = s0 + s1;
          dot += p * dRow[j];
        }
        for (let j = 0; j < visible; j++) {
          const base = kStart + j * kStride;
          const ds = row[j] * (dRow[j] - dot) * scale;
          for (let c = 0; c < d; c++) {
            dq[qStart + c] += ds * k[base + c];
            dk[base + c] += ds * q[qStart + c];
          }
        }
      }
    }
  }
}
