import { threefry2x32 } from "./threefry.js";

/** In the place of a micro-batch, of which there are never so many: no dropout mask is drawn from the same key. */
const ORDER_DOMAIN = 0xffffffff;

/**
 * Order of the rows in an epoch: 0 … n−1, or a permutation that seed and epoch determine (Fisher–Yates with
 * Threefry-2x32), so a resumed run needs no generator state.
 */
export function rowOrder(rows: number, epoch: number, seed: number, shuffle: boolean): Int32Array {
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  if (!shuffle) return order;
  const key = threefry2x32([seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0], [epoch, ORDER_DOMAIN]);
  for (let i = rows - 1; i > 0; i--) {
    const [high, low] = threefry2x32(key, [i, 0]);
    // 53 random bits: a remainder of 32 would favour low numbers in large sets.
    const j = Math.floor(((high >>> 5) * 2 ** 26 + (low >>> 6)) * 2 ** -53 * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
