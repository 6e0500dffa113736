/**
 * Causal attention of one sequence and its gradients, with grouped key/value heads.
 *
 * Axes: T queries, L keys (the queries are the last of them), H query heads, G key/value heads, d head size.
 *
 * The H / G heads that share keys are taken together: row r of a key/value head's matrix is query ⌊r / (H/G)⌋ of head
 * r mod (H/G), so keys are packed once for all of them and a single query still fills a tile. Rows go through in blocks,
 * whose scores [block, L] stay in cache; every product is a sweep of 4 × 8 tiles that skips what causality hides.
 *
 * What is hidden weighs 0 and is not always skipped: an infinite or undefined value also spoils up to three rows before it.
 *
 * Sums are float32: depths beyond DEPTH are cut into parts, added up one after another, as blocked summation does.
 */
import { exponentials, largest, scaleValues } from "./exponential";
import { copyScaled, packColumns, packRows, padded } from "./pack";
import { PANEL_ROW, tileOfColumns, tileOfRows } from "./tile";

const BLOCK = 32; // rows at a time: their scores against 4096 keys are 512 KiB
const DEPTH = 256; // of a panel: 8 KiB, so one part stays in the first-level cache for all rows of a block

// The sequence and key/value head at hand. Rows and offsets are those of the matrix of grouped heads.
let group: i32 = 0;
let d: i32 = 0;
let rows: i32 = 0;
let keys: i32 = 0;
let hidden: i32 = 0; // keys − queries: how many keys the first query sees besides its own
let keyStride: i32 = 0; // keys, padded: values in a row of scores

/** First key that row r may not see. */
function visible(r: i32): i32 {
  return max(0, hidden + r / group + 1);
}

/** First key hidden from all of the rows of the group of four that starts at r. */
function visibleToFour(r: i32): i32 {
  return visible(min(r + 3, rows - 1));
}

/** Address of row r in a tensor [T, H, d]. `x` is that of the first head of the group. */
function rowAddress(x: usize, r: i32, headCount: i32): usize {
  return x + ((usize((r / group) * headCount + (r % group)) * usize(d)) << 2);
}

/** Copies rows [start, start + count) of x [T, H, d], times a factor, to [count, d]. */
function gather(x: usize, start: i32, count: i32, headCount: i32, factor: f32, to: usize): void {
  for (let r = 0; r < count; r++) {
    copyScaled(rowAddress(x, start + r, headCount), to + (usize(r * d) << 2), d, factor);
  }
}

/** Copies [count, padded d] to rows [start, start + count) of x [T, H, d], times a factor. */
function scatter(from: usize, start: i32, count: i32, headCount: i32, factor: f32, x: usize): void {
  const stride = usize(padded(d)) << 2;
  for (let r = 0; r < count; r++) {
    copyScaled(from + usize(r) * stride, rowAddress(x, start + r, headCount), d, factor);
  }
}

/** to[count, L] = a[count, d] · panels of a matrix [L, d] transposed, where the rows from `start` may see. */
function againstKeys(a: usize, panels: usize, start: i32, count: i32, to: usize): void {
  const aStride = usize(d) << 2;
  const stride = usize(keyStride) << 2;
  const seen = visibleToFour(start + ((count - 1) & ~3));
  for (let j = 0; j < seen; j += 8) {
    for (let r = 0; r < count; r += 4) {
      if (visibleToFour(start + r) <= j) continue;
      const c = to + usize(r) * stride + (usize(j) << 2);
      tileOfRows(a + usize(r) * aStride, aStride, panels, d, c, stride, false);
    }
    panels += usize(d) * PANEL_ROW;
  }
}

/** to[count, padded d] = weights[count, L] · panels of a matrix [L, d], over what the rows from `start` see. */
function overKeys(weights: usize, panels: usize, start: i32, count: i32, to: usize): void {
  const stride = usize(keyStride) << 2;
  const toStride = usize(padded(d)) << 2;
  const seen = visibleToFour(start + ((count - 1) & ~3));
  memory.fill(to, 0, usize((count + 3) & ~3) * toStride);
  for (let c = 0; c < d; c += 8) {
    for (let j = 0; j < seen; j += DEPTH) {
      const panel = panels + usize(j) * PANEL_ROW;
      for (let r = 0; r < count; r += 4) {
        const depth = min(DEPTH, visibleToFour(start + r) - j);
        if (depth <= 0) continue;
        const a = weights + usize(r) * stride + (usize(j) << 2);
        tileOfRows(a, stride, panel, depth, to + usize(r) * toStride + (usize(c) << 2), toStride, true);
      }
    }
    panels += usize(keyStride) * PANEL_ROW;
  }
}

/** to[L, padded d] += weights[count, L]ᵀ · panels of a matrix [count, d], over the rows that see each key. */
function overRows(weights: usize, panels: usize, start: i32, count: i32, to: usize): void {
  const stride = usize(keyStride) << 2;
  const toStride = usize(padded(d)) << 2;
  const seen = visible(start + count - 1);
  for (let c = 0; c < d; c += 8) {
    for (let j = 0; j < seen; j += 4) {
      const first = max(0, (j - hidden) * group - start);
      const a = weights + usize(first) * stride + (usize(j) << 2);
      const panel = panels + usize(first) * PANEL_ROW;
      const target = to + usize(j) * toStride + (usize(c) << 2);
      tileOfColumns(a, stride, panel, count - first, target, toStride);
    }
    panels += usize(BLOCK) * PANEL_ROW;
  }
}

/**
 * Scores to exp(score − largest of its row), 0 where a row may not see.
 *
 * @param inverses [count], set to 1 / the sum of each row
 */
function exponentiate(scores: usize, start: i32, count: i32, inverses: usize): void {
  for (let r = 0; r < count; r++) {
    const row = scores + (usize(r * keyStride) << 2);
    const seen = visible(start + r);
    const end = padded(visibleToFour((start + r) & ~3));
    for (let j = seen; j < end; j++) store<f32>(row + (usize(j) << 2), -Infinity);
    let sum: f32 = 0;
    if (seen > 0) {
      const highest = largest(row, end);
      for (let j = 0; j < end; j += DEPTH) {
        sum += exponentials(row + (usize(j) << 2), min(DEPTH, end - j), highest);
      }
    }
    store<f32>(inverses + (usize(r) << 2), seen > 0 ? 1 / sum : 0);
  }
}

/** dS = P ∘ (dP − rowsum(P ∘ dP)), in place of dP; P is 0 where a row may not see, and so is dS. */
function scoreGradients(p: usize, dP: usize, start: i32, count: i32): void {
  for (let r = 0; r < count; r++) {
    const end = usize(padded(visibleToFour((start + r) & ~3))) << 2;
    const seen = visible(start + r);
    for (let j = usize(seen) << 2; j < end; j += 4) store<f32>(dP + j, 0);
    let sums = f64x2.splat(0);
    for (let part: usize = 0; part < end; part += 4 * DEPTH) {
      let sum = f32x4.splat(0);
      const partEnd = min(end, part + 4 * DEPTH);
      for (let j = part; j < partEnd; j += 16) {
        sum = f32x4.add(sum, f32x4.mul(v128.load(p + j), v128.load(dP + j)));
      }
      sums = f64x2.add(sums, f64x2.promote_low_f32x4(sum));
      sums = f64x2.add(sums, f64x2.promote_low_f32x4(v128.shuffle<f32>(sum, sum, 2, 3, 2, 3)));
    }
    const dot = f32x4.splat(f32(f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)));
    for (let j: usize = 0; j < end; j += 16) {
      v128.store(dP + j, f32x4.mul(v128.load(p + j), f32x4.sub(v128.load(dP + j), dot)));
    }
    p += usize(keyStride) << 2;
    dP += usize(keyStride) << 2;
  }
}

function begin(queries: i32, keyCount: i32, headCount: i32, groups: i32, headSize: i32): void {
  group = headCount / groups;
  d = headSize;
  rows = queries * group;
  keys = keyCount;
  hidden = keyCount - queries;
  keyStride = padded(keyCount);
}

/** Bytes of scratch that a sequence of `keyCount` keys needs. */
export function attentionScratch(keyCount: i32, headSize: i32, backward: bool): usize {
  const width = usize(padded(headSize));
  const length = usize(padded(keyCount));
  const scores = usize(BLOCK) * length;
  const block = usize(BLOCK) * width;
  // In the order of use below: inverses, blocks of rows, scores, packed keys and values, sums of gradients.
  const values = backward
    ? usize(BLOCK) + 5 * block + 2 * scores + 5 * length * width
    : usize(BLOCK) + 2 * block + scores + 2 * length * width;
  return values << 2;
}

/**
 * out = softmax(scale · q kᵀ + causal) v.
 *
 * @param q [T, H, d]   @param k [L, G, d]   @param v [L, G, d]   @param out [T, H, d], overwritten
 * @param scratch as many bytes as {@link attentionScratch} says
 */
export function attentionForward(
  q: usize,
  k: usize,
  v: usize,
  out: usize,
  scratch: usize,
  queries: i32,
  keyCount: i32,
  headCount: i32,
  groups: i32,
  headSize: i32,
  scale: f32,
): void {
  begin(queries, keyCount, headCount, groups, headSize);
  const width = usize(padded(d));
  const block = (usize(BLOCK) * width) << 2;
  const inverses = scratch;
  const qBlock = inverses + (usize(BLOCK) << 2);
  const outBlock = qBlock + block;
  const scores = outBlock + block;
  const kPanels = scores + ((usize(BLOCK) * usize(keyStride)) << 2);
  const vPanels = kPanels + ((usize(keyStride) * width) << 2);
  const kvStride = usize(groups * d) << 2;
  for (let g = 0; g < groups; g++) {
    packRows(k + (usize(g * d) << 2), kvStride, keys, d, kPanels);
    packColumns(v + (usize(g * d) << 2), kvStride, keys, d, vPanels, keyStride);
    const heads = usize(g * group * d) << 2;
    for (let start = 0; start < rows; start += BLOCK) {
      const count = min(BLOCK, rows - start);
      gather(q + heads, start, count, headCount, scale, qBlock);
      againstKeys(qBlock, kPanels, start, count, scores);
      exponentiate(scores, start, count, inverses);
      overKeys(scores, vPanels, start, count, outBlock);
      for (let r = 0; r < count; r++) {
        scaleValues(outBlock + ((usize(r) * width) << 2), i32(width), load<f32>(inverses + (usize(r) << 2)));
      }
      scatter(outBlock, start, count, headCount, 1, out + heads);
    }
  }
}

/**
 * Gradients of {@link attentionForward}; probabilities are computed again.
 *
 * With P the probabilities: dV = Pᵀ dO, dP = dO Vᵀ, dS = P ∘ (dP − rowsum(P ∘ dP)), dQ = scale · dS K,
 * dK = scale · dSᵀ Q.
 *
 * @param dOut [T, H, d]   @param dq [T, H, d]   @param dk [L, G, d]   @param dv [L, G, d], all three overwritten
 * @param scratch as many bytes as {@link attentionScratch} says
 */
export function attentionBackward(
  q: usize,
  k: usize,
  v: usize,
  dOut: usize,
  dq: usize,
  dk: usize,
  dv: usize,
  scratch: usize,
  queries: i32,
  keyCount: i32,
  headCount: i32,
  groups: i32,
  headSize: i32,
  scale: f32,
): void {
  begin(queries, keyCount, headCount, groups, headSize);
  const width = usize(padded(d));
  const block = (usize(BLOCK) * width) << 2;
  const scoreBytes = (usize(BLOCK) * usize(keyStride)) << 2;
  const whole = (usize(keyStride) * width) << 2;
  const inverses = scratch;
  const qBlock = inverses + (usize(BLOCK) << 2);
  const dOutBlock = qBlock + block;
  const qPanels = dOutBlock + block;
  const dOutPanels = qPanels + block;
  const dqBlock = dOutPanels + block;
  const p = dqBlock + block;
  const dP = p + scoreBytes;
  const kRowPanels = dP + scoreBytes;
  const vRowPanels = kRowPanels + whole;
  const kPanels = vRowPanels + whole;
  const dkSum = kPanels + whole;
  const dvSum = dkSum + whole;
  const kvStride = usize(groups * d) << 2;
  for (let g = 0; g < groups; g++) {
    const kHead = k + (usize(g * d) << 2);
    packRows(kHead, kvStride, keys, d, kRowPanels);
    packRows(v + (usize(g * d) << 2), kvStride, keys, d, vRowPanels);
    packColumns(kHead, kvStride, keys, d, kPanels, keyStride);
    memory.fill(dkSum, 0, 2 * whole);
    const heads = usize(g * group * d) << 2;
    for (let start = 0; start < rows; start += BLOCK) {
      const count = min(BLOCK, rows - start);
      gather(q + heads, start, count, headCount, scale, qBlock);
      gather(dOut + heads, start, count, headCount, 1, dOutBlock);
      packColumns(qBlock, usize(d) << 2, count, d, qPanels, BLOCK);
      packColumns(dOutBlock, usize(d) << 2, count, d, dOutPanels, BLOCK);
      againstKeys(qBlock, kRowPanels, start, count, p);
      exponentiate(p, start, count, inverses);
      for (let r = 0; r < count; r++) {
        const end = padded(visibleToFour((start + r) & ~3));
        scaleValues(p + (usize(r * keyStride) << 2), end, load<f32>(inverses + (usize(r) << 2)));
      }
      overRows(p, dOutPanels, start, count, dvSum);
      againstKeys(dOutBlock, vRowPanels, start, count, dP);
      scoreGradients(p, dP, start, count);
      overKeys(dP, kPanels, start, count, dqBlock);
      scatter(dqBlock, start, count, headCount, scale, dq + heads);
      overRows(dP, qPanels, start, count, dkSum);
    }
    // The packed queries carry the scale, so dK has it already.
    for (let j = 0; j < keys; j++) {
      const to = usize((j * groups + g) * d) << 2;
      copyScaled(dkSum + ((usize(j) * width) << 2), dk + to, d, 1);
      copyScaled(dvSum + ((usize(j) * width) << 2), dv + to, d, 1);
    }
  }
}
