import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OptionError } from "../option-error.js";
import { nearTexts } from "../../testing/near-texts.js";
import { SeededRandom } from "../../testing/seeded-random.js";
import { NearDuplicates } from "./near-duplicates.js";

let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-near-"));
});
afterAll(async () => rm(folder, { recursive: true }));

async function finderOf(texts: readonly string[], threshold?: number): Promise<NearDuplicates> {
  const finder = new NearDuplicates(await mkdtemp(join(folder, `${count++}-`)), threshold);
  for (const text of texts) finder.add(text);
  return finder;
}

/** Sets of 5-grams as plain sets of strings: nothing is shared with what is tested. */
function bruteSets(texts: readonly string[]): Set<string>[] {
  return texts.map((text) => {
    const points = Array.from(text);
    const width = Math.min(5, points.length);
    return new Set(
      Array.from({ length: points.length - width + 1 }, (_, at) => points.slice(at, at + width).join("")),
    );
  });
}

function bruteJaccard(left: Set<string>, right: Set<string>): number {
  let shared = 0;
  for (const gram of left) if (right.has(gram)) shared += 1;
  return shared / (left.size + right.size - shared);
}

describe("NearDuplicates", () => {
  it.each([
    [1, 0.85],
    [2, 0.85],
    [3, 0.7],
    [4, 0.95],
  ])("finds what brute force finds, seed %i, threshold %d", async (seed, threshold) => {
    const texts = nearTexts(700, new SeededRandom(seed));
    const finder = await finderOf(texts, threshold);
    const { clusterOf } = finder.find();
    const sets = bruteSets(texts);
    let near = 0;
    let found = 0;
    const nearOf = texts.map(() => false);
    for (let left = 0; left < texts.length; left++) {
      for (let right = left + 1; right < texts.length; right++) {
        const similarity = bruteJaccard(sets[left], sets[right]);
        if (similarity < threshold) continue;
        near += 1;
        if (clusterOf[left] === clusterOf[right]) found += 1;
        nearOf[left] = nearOf[right] = true;
        expect(finder.similarity(left, right), `seed ${seed}`).toBeCloseTo(similarity, 12);
      }
    }
    expect(near, `seed ${seed}`).toBeGreaterThan(50);
    expect(found / near, `recall, seed ${seed}`).toBeGreaterThanOrEqual(0.97);
    // Every row of a cluster has a near copy: nothing joins by a key alone.
    const sizes = new Map<number, number>();
    for (const cluster of clusterOf) sizes.set(cluster, (sizes.get(cluster) ?? 0) + 1);
    clusterOf.forEach((cluster, row) => {
      if ((sizes.get(cluster) ?? 0) > 1) expect(nearOf[row], `row ${row}, seed ${seed}`).toBe(true);
    });
  });

  it("leaves no two near copies standing, and does not look ahead", async () => {
    const texts = nearTexts(800, new SeededRandom(5));
    const finder = await finderOf(texts);
    const all = finder.copies(finder.find(), () => false);
    const sets = bruteSets(texts);
    const staying = texts.flatMap((_, row) => (all[row] === -1 ? [row] : []));
    let missed = 0;
    for (const [index, row] of staying.entries()) {
      for (const earlier of staying.slice(0, index))
        if (bruteJaccard(sets[row], sets[earlier]) >= 0.85) missed += 1;
    }
    expect(missed).toBeLessThanOrEqual(0.03 * (texts.length - staying.length));
    all.forEach((original, row) => {
      if (original === -1) return;
      expect(original).toBeLessThan(row);
      expect(all[original]).toBe(-1);
      expect(bruteJaccard(sets[row], sets[original])).toBeGreaterThanOrEqual(0.85);
    });
    const half = await finderOf(texts.slice(0, 400));
    expect([...half.copies(half.find(), () => false)]).toEqual([...all.slice(0, 400)]);
  });

  it.each([1, 4096, 5000])("finds the same among %i texts that another one saved", async (count) => {
    const texts = nearTexts(count, new SeededRandom(8));
    const place = await mkdtemp(join(folder, `${String(count)}-saved-`));
    const writer = new NearDuplicates(place);
    for (const text of texts) writer.add(text);
    const expected = writer.find();
    const copies = writer.copies(expected, () => false);
    writer.save();
    writer.close();
    const reader = new NearDuplicates(place, undefined, true);
    expect(reader.size).toBe(count);
    expect(reader.find()).toEqual(expected);
    expect(reader.copies(expected, () => false)).toEqual(copies);
    expect(reader.text(count - 1)).toBe(texts[count - 1]);
    await reader.remove();
  });

  it("keeps near copies that may both stay", async () => {
    const text = "您好，请问你们的营业时间是几点到几点？周末也开门吗？我想周六下午过来看看。";
    const finder = await finderOf([text, `${text}！`, `${text}。`]);
    expect([...finder.copies(finder.find(), () => false)]).toEqual([-1, 0, 0]);
    expect([...finder.copies(finder.find(), (row) => row === 1)]).toEqual([-1, -1, 1]);
  });

  it("takes short, empty and odd texts", async () => {
    const texts = [
      "",
      "",
      "好",
      "好",
      "好的",
      "谢谢你们",
      "谢谢你们",
      "\ud800 alone, and so on",
      "\ud800 alone, and so on",
      "😀😀😀😀😀",
      "😀😀😀😀",
    ];
    const finder = await finderOf(texts);
    const { clusterOf, clusters } = finder.find();
    // Of one repeated character there is a single 5-gram; four are a shingle of their own.
    expect([...clusterOf]).toEqual([0, 1, 2, 2, 4, 5, 5, 7, 7, 9, 10]);
    expect(clusters).toBe(3);
    expect(texts.map((_, row) => finder.text(row))).toEqual(texts);
  });

  it("holds over blocks and buffers", async () => {
    const random = new SeededRandom(6);
    const long = Array.from({ length: 150_000 }, () =>
      String.fromCharCode(0x4e00 + random.integer(0, 500)),
    ).join("");
    const texts = Array.from(
      { length: 9000 },
      (_, row) => `question number ${row % 4500} of ${(row % 4500) * 7919}`,
    );
    const finder = await finderOf([long, ...texts, `${long}!`]);
    const { clusterOf } = finder.find();
    expect(clusterOf[9001]).toBe(0);
    for (let row = 1; row <= 4500; row++) expect(clusterOf[row + 4500]).toBe(clusterOf[row]);
  });

  it.each([0, 1.01, -1, Number.NaN])("refuses the threshold %d", (threshold) => {
    expect(() => new NearDuplicates(folder, threshold)).toThrow(OptionError);
  });
});
