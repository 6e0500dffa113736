import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { seededFloats } from "../../testing.js";
import { MemoryPool } from "./memory-pool.js";

const SEED = Number(process.env["TEST_SEED"] ?? 77);
const pool = (): MemoryPool => new MemoryPool((bytes) => new ArrayBuffer(bytes));

describe("MemoryPool", () => {
  it("gives back what was returned, at once", () => {
    const memory = pool();
    const first = memory.take(1000);
    memory.give(first);
    const second = memory.take(1000);
    expect(second.byteOffset).toBe(first.byteOffset);
    expect(second.buffer).toBe(first.buffer);
  });

  it("aligns every view and counts bytes exactly", () => {
    const memory = pool();
    const views = [1, 16, 17, 0].map((length) => memory.take(length));
    for (const view of views) expect(view.byteOffset % 64).toBe(0);
    expect(memory.bytesInUse).toBe(64 + 64 + 128 + 64);
    views.forEach((view) => memory.give(view));
    expect(memory.bytesInUse).toBe(0);
  });

  it("joins neighbours, so a large request fits where small ones were", () => {
    const memory = pool();
    const pieces = Array.from({ length: 8 }, () => memory.take(2 ** 18)); // 8 × 1 MiB
    const { bytesReserved } = memory;
    for (const i of [3, 1, 5, 7, 0, 2, 4, 6]) memory.give(pieces[i]);
    memory.take(8 * 2 ** 18);
    expect(memory.bytesReserved).toBe(bytesReserved);
  });

  it("takes no more than is asked for where the system gives no slab, and says so where it gives nothing", () => {
    const given: number[] = [];
    const memory = new MemoryPool((bytes) => {
      if (bytes > 2 ** 20) throw new RangeError("Array buffer allocation failed");
      given.push(bytes);
      return new ArrayBuffer(bytes);
    });
    const first = memory.take(1000);
    memory.take(2000);
    expect(given).toEqual([4032, 8000]);
    memory.give(first);
    expect(memory.take(500).buffer).toBe(first.buffer);
    expect(() => memory.take(2 ** 20)).toThrow("allocation failed");
  });

  it("fills the first gap, and counts what was ever given out", () => {
    const memory = pool();
    const [first, second] = [memory.take(1024), memory.take(1024)];
    memory.take(1024);
    memory.give(second);
    memory.give(first);
    const large = memory.take(2048);
    expect(large.byteOffset).toBe(first.byteOffset);
    expect(memory.bytesReserved).toBe(3 * 1024 * 4);
    memory.take(1024);
    expect(memory.bytesReserved).toBe(4 * 1024 * 4);
  });

  it("refuses what is not out of it", () => {
    const memory = pool();
    const view = memory.take(4);
    memory.give(view);
    expect(() => {
      memory.give(view);
    }).toThrow(/not out of the pool/);
    expect(memory.owns(view)).toBe(false);
  });

  it(`never gives out the same memory twice (seed ${SEED})`, () => {
    const memory = pool();
    const floats = seededFloats(SEED);
    const out: { view: Float32Array; mark: number }[] = [];
    for (let round = 0; round < 1500; round++) {
      const [choice, size] = floats(2);
      if (choice > -0.1 || out.length === 0) {
        const view = memory.take(Math.floor(Math.abs(size) * 300_000));
        view.fill(round);
        out.push({ view, mark: round });
      } else {
        const [{ view, mark }] = out.splice(Math.floor(Math.abs(size) * out.length), 1);
        expect(view.every((value) => value === mark)).toBe(true);
        memory.give(view);
      }
      if (out.length > 40) out.splice(0, 20).forEach(({ view }) => memory.give(view));
    }
    out.forEach(({ view }) => memory.give(view));
    expect(memory.bytesInUse).toBe(0);
  });

  it("leaves nothing among the old objects of JavaScript, however many views come and go", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as (options?: { readonly type: "minor" }) => void;
    const oldBytes = (): number =>
      getHeapSpaceStatistics().find(({ space_name: name }) => name === "old_space")!.space_used_size;
    const memory = pool();
    const views: Float32Array[] = [];
    const turn = (): void => {
      views.push(memory.take(16));
      if (views.length > 40) memory.give(views.shift()!);
    };
    for (let i = 0; i < 20_000; i++) turn();
    // What the pool remembers of its views is old from here on, as it is in a run.
    for (let i = 0; i < 2; i++) collect({ type: "minor" });
    const before = oldBytes();
    let most = 0;
    for (let part = 0; part < 8; part++) {
      for (let i = 0; i < 10_000; i++) turn();
      collect({ type: "minor" });
      most = Math.max(most, oldBytes() - before);
    }
    // Some code is compiled on the way; the tables and views of so many turns would be megabytes.
    expect(most).toBeLessThan(500_000);
  });
});
