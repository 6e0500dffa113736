import { expect, it } from "vitest";
import { BUCKET_VALUES } from "./buckets.js";
import { type Exchange, exchangeBytes } from "./exchange-bytes.js";

const million = [1000, 1000];
const alone: Exchange = {
  ranks: 1,
  shapes: [million, [24]],
  optimizer: "adamw",
  isSharded: false,
  isOrdered: false,
  microBatches: 3,
  layerSumBytes: 0,
};
const all = 4 * 1_000_024;
/** The library by itself. */
const library = exchangeBytes({ ...alone, ranks: 2, shapes: [] });

it("is nothing for a process by itself, but for gradients that are kept apart", () => {
  expect(exchangeBytes(alone)).toBe(0);
  expect(exchangeBytes({ ...alone, isOrdered: true })).toBe(2 * all);
});

it("follows what travels, and goes no further than a bucket", () => {
  const two = { ...alone, ranks: 2 };
  expect(exchangeBytes(two) - library).toBe(3 * all);
  const large = { ...two, shapes: Array.from({ length: 100 }, () => million) };
  expect(exchangeBytes(large) - library).toBe(3 * 4 * BUCKET_VALUES);
  // Activations that are added up within layers are larger.
  expect(exchangeBytes({ ...large, layerSumBytes: 1e8 }) - library).toBe(4 * BUCKET_VALUES + 2e8);
});

it("takes another micro-batch's beside the sum where ranks add up in order, and no room of the library's", () => {
  const ordered = { ...alone, ranks: 2, isOrdered: true };
  expect(exchangeBytes(ordered) - library).toBe(2 * all + 2 * all);
});

it("has copies of what a rank updates some rows of", () => {
  const dealt = { ...alone, ranks: 2, isSharded: true };
  expect(exchangeBytes(dealt) - library).toBe(5 * all + all / 2 + 4 * 500_000);
  // Adafactor's state is of whole parameters.
  expect(exchangeBytes({ ...dealt, optimizer: "adafactor" }) - library).toBe(5 * all + all / 2);
});
