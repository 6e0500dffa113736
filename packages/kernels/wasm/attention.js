"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.attentionScratch = attentionScratch;
exports.attentionForward = attentionForward;
exports.attentionBackward = attentionBackward;
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
const exponential_1 = require("./exponential");
const pack_1 = require("./pack");
const tile_1 = require("./tile");
const BLOCK = 32; // rows at a time: their scores against 4096 keys are 512 KiB
const DEPTH = 256; // of a panel: 8 KiB, so one part stays in the first-level cache for all rows of a block
// The sequence and key/value head at hand. Rows and offsets are those of the matrix of grouped heads.
let group = 0;
let d = 0;
let rows = 0;
let keys = 0;
let hidden = 0; // keys − queries: how many keys the first query sees besides its own
let keyStride = 0; // keys, padded: values in a row of scores
/** First key that row r may not see. */
function visible(r) {
    return max(0, hidden + r / group + 1);
}
/** First key hidden from all of the rows of the group of four that starts at r. */
function visibleToFour(r) {
    return visible(min(r + 3, rows - 1));
}
/** Address of row r in a tensor [T, H, d]. `x` is that of the first head of the group. */
function rowAddress(x, r, headCount) {
    return x + ((usize((r / group) * headCount + (r % group)) * usize(d)) << 2);
}
/** Copies rows [start, start + count) of x [T, H, d], times a factor, to [count, d]. */
function gather(x, start, count, headCount, factor, to) {
    for (let r = 0; r < count; r++) {
        (0, pack_1.copyScaled)(rowAddress(x, start + r, headCount), to + (usize(r * d) << 2), d, factor);
    }
}
/** Copies [count, padded d] to rows [start, start + count) of x [T, H, d], times a factor. */
function scatter(from, start, count, headCount, factor, x) {
    const stride = usize((0, pack_1.padded)(d)) << 2;
    for (let r = 0; r < count; r++) {
        (0, pack_1.copyScaled)(from + usize(r) * stride, rowAddress(x, start + r, headCount), d, factor);
    }
}
/** to[count, L] = a[count, d] · panels of a matrix [L, d] transposed, where the rows from `start` may see. */
function againstKeys(a, panels, start, count, to) {
    const aStride = usize(d) << 2;
    const stride = usize(keyStride) << 2;
    const seen = visibleToFour(start + ((count - 1) & ~3));
    for (let j = 0; j < seen; j += 8) {
        for (let r = 0; r < count; r += 4) {
            if (visibleToFour(start + r) <= j)
                continue;
            const c = to + usize(r) * stride + (usize(j) << 2);
            (0, tile_1.tileOfRows)(a + usize(r) * aStride, aStride, panels, d, c, stride, false);
        }
        panels += usize(d) * tile_1.PANEL_ROW;
    }
}
/** to[count, padded d] = weights[count, L] · panels of a matrix [L, d], over what the rows from `start` see. */
function overKeys(weights, panels, start, count, to) {
    const stride = usize(keyStride) << 2;
    const toStride = usize((0, pack_1.padded)(d)) << 2;
    const seen = visibleToFour(start + ((count - 1) & ~3));
    memory.fill(to, 0, usize((count + 3) & ~3) * toStride);
    for (let c = 0; c < d; c += 8) {
        for (let j = 0; j < seen; j += DEPTH) {
            const panel = panels + usize(j) * tile_1.PANEL_ROW;
            for (let r = 0; r < count; r += 4) {
                const depth = min(DEPTH, visibleToFour(start + r) - j);
                if (depth <= 0)
                    continue;
                const a = weights + usize(r) * stride + (usize(j) << 2);
                (0, tile_1.tileOfRows)(a, stride, panel, depth, to + usize(r) * toStride + (usize(c) << 2), toStride, true);
            }
        }
        panels += usize(keyStride) * tile_1.PANEL_ROW;
    }
}
/** to[L, padded d] += weights[count, L]ᵀ · panels of a matrix [count, d], over the rows that see each key. */
function overRows(weights, panels, start, count, to) {
    const stride = usize(keyStride) << 2;
    const toStride = usize((0, pack_1.padded)(d)) << 2;
    const seen = visible(start + count - 1);
    for (let c = 0; c < d; c += 8) {
        for (let j = 0; j < seen; j += 4) {
            const first = max(0, (j - hidden) * group - start);
            const a = weights + usize(first) * stride + (usize(j) << 2);
            const panel = panels + usize(first) * tile_1.PANEL_ROW;
            const target = to + usize(j) * toStride + (usize(c) << 2);
            (0, tile_1.tileOfColumns)(a, stride, panel, count - first, target, toStride);
        }
        panels += usize(BLOCK) * tile_1.PANEL_ROW;
    }
}
/**
 * Scores to exp(score − largest of its row), 0 where a row may not see.
 *
 * @param inverses [count], set to 1 / the sum of each row
 */
function exponentiate(scores, start, count, inverses) {
    for (let r = 0; r < count; r++) {
        const row = scores + (usize(r * keyStride) << 2);
        const seen = visible(start + r);
        const end = (0, pack_1.padded)(visibleToFour((start + r) & ~3));
        for (let j = seen; j < end; j++)
            store(row + (usize(j) << 2), -Infinity);
        let sum = 0;
        if (seen > 0) {
            const highest = (0, exponential_1.largest)(row, end);
            for (let j = 0; j < end; j += DEPTH) {
                sum += (0, exponential_1.exponentials)(row + (usize(j) << 2), min(DEPTH, end - j), highest);
            }
        }
        store(inverses + (usize(r) << 2), seen > 0 ? 1 / sum : 0);
    }
}
/** dS = P ∘ (dP − rowsum(P ∘ dP)), in place of dP; P is 0 where a row may not see, and so is dS. */
function scoreGradients(p, dP, start, count) {
    for (let r = 0; r < count; r++) {
        const end = usize((0, pack_1.padded)(visibleToFour((start + r) & ~3))) << 2;
        const seen = visible(start + r);
        for (let j = usize(seen) << 2; j < end; j += 4)
            store(dP + j, 0);
        let sums = f64x2.splat(0);
        for (let part = 0; part < end; part += 4 * DEPTH) {
            let sum = f32x4.splat(0);
            const partEnd = min(end, part + 4 * DEPTH);
            for (let j = part; j < partEnd; j += 16) {
                sum = f32x4.add(sum, f32x4.mul(v128.load(p + j), v128.load(dP + j)));
            }
            sums = f64x2.add(sums, f64x2.promote_low_f32x4(sum));
            sums = f64x2.add(sums, f64x2.promote_low_f32x4(v128.shuffle(sum, sum, 2, 3, 2, 3)));
        }
        const dot = f32x4.splat(f32(f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)));
        for (let j = 0; j < end; j += 16) {
            v128.store(dP + j, f32x4.mul(v128.load(p + j), f32x4.sub(v128.load(dP + j), dot)));
        }
        p += usize(keyStride) << 2;
        dP += usize(keyStride) << 2;
    }
}
function begin(queries, keyCount, headCount, groups, headSize) {
    group = headCount / groups;
    d = headSize;
    rows = queries * group;
    keys = keyCount;
    hidden = keyCount - queries;
    keyStride = (0, pack_1.padded)(keyCount);
}
/** Bytes of scratch that a sequence of `keyCount` keys needs. */
function attentionScratch(keyCount, headSize, backward) {
    const width = usize((0, pack_1.padded)(headSize));
    const length = usize((0, pack_1.padded)(keyCount));
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
function attentionForward(q, k, v, out, scratch, queries, keyCount, headCount, groups, headSize, scale) {
    begin(queries, keyCount, headCount, groups, headSize);
    const width = usize((0, pack_1.padded)(d));
    const block = (usize(BLOCK) * width) << 2;
    const inverses = scratch;
    const qBlock = inverses + (usize(BLOCK) << 2);
    const outBlock = qBlock + block;
    const scores = outBlock + block;
    const kPanels = scores + ((usize(BLOCK) * usize(keyStride)) << 2);
    const vPanels = kPanels + ((usize(keyStride) * width) << 2);
    const kvStride = usize(groups * d) << 2;
    for (let g = 0; g < groups; g++) {
        (0, pack_1.packRows)(k + (usize(g * d) << 2), kvStride, keys, d, kPanels);
        (0, pack_1.packColumns)(v + (usize(g * d) << 2), kvStride, keys, d, vPanels, keyStride);
        const heads = usize(g * group * d) << 2;
        for (let start = 0; start < rows; start += BLOCK) {
            const count = min(BLOCK, rows - start);
            gather(q + heads, start, count, headCount, scale, qBlock);
            againstKeys(qBlock, kPanels, start, count, scores);
            exponentiate(scores, start, count, inverses);
            overKeys(scores, vPanels, start, count, outBlock);
            for (let r = 0; r < count; r++) {
                (0, exponential_1.scaleValues)(outBlock + ((usize(r) * width) << 2), i32(width), load(inverses + (usize(r) << 2)));
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
function attentionBackward(q, k, v, dOut, dq, dk, dv, scratch, queries, keyCount, headCount, groups, headSize, scale) {
    begin(queries, keyCount, headCount, groups, headSize);
    const width = usize((0, pack_1.padded)(d));
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
        (0, pack_1.packRows)(kHead, kvStride, keys, d, kRowPanels);
        (0, pack_1.packRows)(v + (usize(g * d) << 2), kvStride, keys, d, vRowPanels);
        (0, pack_1.packColumns)(kHead, kvStride, keys, d, kPanels, keyStride);
        memory.fill(dkSum, 0, 2 * whole);
        const heads = usize(g * group * d) << 2;
        for (let start = 0; start < rows; start += BLOCK) {
            const count = min(BLOCK, rows - start);
            gather(q + heads, start, count, headCount, scale, qBlock);
            gather(dOut + heads, start, count, headCount, 1, dOutBlock);
            (0, pack_1.packColumns)(qBlock, usize(d) << 2, count, d, qPanels, BLOCK);
            (0, pack_1.packColumns)(dOutBlock, usize(d) << 2, count, d, dOutPanels, BLOCK);
            againstKeys(qBlock, kRowPanels, start, count, p);
            exponentiate(p, start, count, inverses);
            for (let r = 0; r < count; r++) {
                const end = (0, pack_1.padded)(visibleToFour((start + r) & ~3));
                (0, exponential_1.scaleValues)(p + (usize(r * keyStride) << 2), end, load(inverses + (usize(r) << 2)));
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
            (0, pack_1.copyScaled)(dkSum + ((usize(j) * width) << 2), dk + to, d, 1);
            (0, pack_1.copyScaled)(dvSum + ((usize(j) * width) << 2), dv + to, d, 1);
        }
    }
}
