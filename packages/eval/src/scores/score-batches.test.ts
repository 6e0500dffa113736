import { describe, expect, it } from "vitest";
import { scoreBatches } from "./score-batches.js";

const rows = { length: 7, row: (index: number) => index };

describe("scoreBatches", () => {
  it.each([1, 2, 3, 7, 100])("sees every row once, in order, %d at a time", async (size) => {
    const seen: number[][] = [];
    const progress: [number, number][] = [];
    const total = await scoreBatches(rows, {
      endOfBatch: (start) => start + size,
      score(batch, start) {
        expect(batch[0]).toBe(start);
        seen.push([...batch]);
        return { sum: batch.reduce((a, b) => a + b, 0), units: batch.length };
      },
      onProgress: (done, all) => progress.push([done, all]),
    });
    expect(total).toEqual({ sum: 21, units: 7 });
    expect(seen.flat()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(seen).toHaveLength(Math.ceil(7 / size));
    expect(progress.at(-1)).toEqual([7, 7]);
  });

  it("has nothing to add up without rows", async () => {
    const score = () => Promise.reject(new Error("no batch was expected"));
    const none = { length: 0, row: (index: number) => index };
    expect(await scoreBatches(none, { endOfBatch: (start) => start + 1, score })).toEqual({
      sum: 0,
      units: 0,
    });
  });

  it("stops before the next batch when told, with the reason that was given", async () => {
    const interrupt = new AbortController();
    let batches = 0;
    const scored = scoreBatches(rows, {
      endOfBatch: (start) => start + 1,
      async score() {
        if (++batches === 3) interrupt.abort(new Error("enough"));
        return { sum: 1, units: 1 };
      },
      signal: interrupt.signal,
    });
    await expect(scored).rejects.toThrow("enough");
    expect(batches).toBe(3);
  });
});
