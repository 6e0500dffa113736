import { createHash } from "node:crypto";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Draws whole numbers, the same ones wherever it was made of the same parts. */
export type Draw = (least: number, most: number) => number;

/** A generator for one purpose: its seed is a digest of the parts, so that purposes do not share draws. */
export function drawOf(...parts: readonly (string | number)[]): Draw {
  const seed = createHash("sha256").update(JSON.stringify(parts)).digest().readInt32LE(0);
  const random = xoroshiro128plus(seed);
  return (least, most) => uniformInt(random, least, most);
}

/** The items in an order drawn at random (Fisher-Yates). */
export function shuffled<Item>(items: readonly Item[], draw: Draw): Item[] {
  const order = [...items];
  for (let place = order.length - 1; place > 0; place--) {
    const other = draw(0, place);
    [order[place], order[other]] = [order[other], order[place]];
  }
  return order;
}
