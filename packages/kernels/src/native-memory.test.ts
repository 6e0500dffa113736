import { constants } from "node:buffer";
import { mkdtempSync, rmSync, truncateSync, writeFileSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nativeLevels, nativeMissing, Random } from "./testing.js";

const [kernels] = nativeLevels();
let folder = "";
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "lathe-memory-"))) && undefined);
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(nativeMissing() !== null)("native memory", () => {
  it.each([1, 63, 4096, 5_000_000])("%i bytes are zero, aligned, and counted to the byte", (bytes) => {
    const before = kernels.memory();
    const buffer = kernels.allocate(bytes);
    expect(buffer.byteLength).toBe(bytes);
    expect(new Uint8Array(buffer).every((byte) => byte === 0)).toBe(true);
    const during = kernels.memory();
    expect(during.allocatedBytes - before.allocatedBytes).toBe(bytes);
    expect(during.allocations - before.allocations).toBe(1);
    new Uint8Array(buffer).fill(1);
    kernels.free(buffer);
    expect(buffer.byteLength).toBe(0);
    expect(kernels.memory().allocatedBytes).toBe(before.allocatedBytes);
    kernels.free(buffer); // a second time does nothing
    expect(kernels.memory()).toMatchObject({
      allocatedBytes: before.allocatedBytes,
      allocations: before.allocations,
    });
  });

  it("blocks of any size lie apart, are zero also where others were before, and end in any order", () => {
    const seed = Number(process.env["TEST_SEED"] ?? 20261130);
    const random = new Random(seed);
    const before = kernels.memory();
    const live: { readonly values: Uint8Array; readonly mark: number }[] = [];
    const check = ({ values, mark }: (typeof live)[number]): boolean =>
      values[0] === mark && values[values.length >> 1] === mark && values.at(-1) === mark;
    for (let turn = 0; turn < 400; turn++) {
      // From a few bytes to some megabytes, on both sides of the sizes from which on blocks are kept otherwise.
      const bytes = 1 + Math.floor(2 ** (10 + 13.5 * random.next()));
      const values = new Uint8Array(kernels.allocate(bytes));
      expect(
        Buffer.compare(values.subarray(0, 65_536), new Uint8Array(Math.min(bytes, 65_536))),
        `TEST_SEED=${seed}`,
      ).toBe(0);
      expect(values.at(-1)).toBe(0);
      const mark = 1 + (turn % 255);
      values.fill(mark);
      live.push({ values, mark });
      if (live.length > 12) {
        const [gone] = live.splice(Math.floor(random.next() * live.length), 1);
        expect(check(gone), `TEST_SEED=${seed}`).toBe(true);
        kernels.free(gone.values.buffer as ArrayBuffer);
      }
    }
    for (const block of live) {
      expect(check(block), `TEST_SEED=${seed}`).toBe(true);
      kernels.free(block.values.buffer as ArrayBuffer);
    }
    expect(kernels.memory()).toMatchObject({
      allocatedBytes: before.allocatedBytes,
      allocations: before.allocations,
    });
  });

  it.skipIf(process.platform !== "linux")("gives pages back with each block, whatever lies beside it", () => {
    const megabytes = (): number => process.memoryUsage.rss() / 2 ** 20;
    const start = megabytes();
    const blocks = Array.from({ length: 60 }, () => kernels.allocate(3_000_000));
    for (const block of blocks) new Uint8Array(block).fill(1);
    const full = megabytes();
    expect(full - start).toBeGreaterThan(150);
    // Every other one: no stretch that the system gave is free as a whole.
    for (const [index, block] of blocks.entries()) if (index % 2 === 0) kernels.free(block);
    expect(full - megabytes()).toBeGreaterThan(75);
    for (const block of blocks) kernels.free(block);
    expect(megabytes() - start).toBeLessThan(20);
  });

  it("nothing is a buffer without bytes", () => {
    expect(kernels.allocate(0).byteLength).toBe(0);
  });

  it("keeps the peak until it is reset", () => {
    kernels.resetPeak();
    const start = kernels.memory().allocatedBytes;
    const [a, b] = [kernels.allocate(1000), kernels.allocate(500)];
    kernels.free(a);
    kernels.free(kernels.allocate(100));
    expect(kernels.memory().peakAllocatedBytes - start).toBe(1500);
    kernels.free(b);
    kernels.resetPeak();
    expect(kernels.memory().peakAllocatedBytes).toBe(start);
  });

  it("is freed with its buffer", async () => {
    const before = kernels.memory().allocations;
    for (let i = 0; i < 300; i++) kernels.allocate(4_000_000);
    // Buffers count towards the collector's limits, so 1.2 GB of them cannot all stay.
    for (let i = 0; i < 100 && kernels.memory().allocations - before > 200; i++) {
      new Float32Array(1_000_000);
      await setTimeout(5);
    }
    expect(kernels.memory().allocations - before).toBeLessThan(300);
  });

  it("maps a file that writing into the buffer does not change", () => {
    const path = join(folder, "weights.bin");
    const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i * 7);
    writeFileSync(path, bytes);
    const before = kernels.memory();
    const buffer = kernels.mapFile(path);
    expect(new Uint8Array(buffer)).toEqual(bytes);
    expect(kernels.memory().mappedBytes - before.mappedBytes).toBe(10_000);
    new Uint8Array(buffer)[3] = 255;
    expect(readFileSync(path)[3]).toBe(21);
    kernels.free(buffer);
    expect(kernels.memory()).toMatchObject({ mappedBytes: before.mappedBytes, mappings: before.mappings });
  });

  it("drops whole pages of a mapped file, which come from the file again, and what was written to them is lost", () => {
    const path = join(folder, "dropped.bin");
    const bytes = Uint8Array.from({ length: 20 * 65_536 }, (_, i) => i % 251);
    writeFileSync(path, bytes);
    const buffer = kernels.mapFile(path, 100);
    const values = new Uint8Array(buffer).fill(255);
    // Pages are of 64 KiB at most: from within the first to within the last of them.
    kernels.dropPages(buffer, 70_000, 3 * 65_536);
    expect(values.subarray(0, 70_000).every((value) => value === 255)).toBe(true);
    const middle = values.subarray(3 * 65_536, 4 * 65_536 - 100);
    expect(middle).toEqual(bytes.subarray(3 * 65_536 + 100, 4 * 65_536));
    expect(values.subarray(70_000 + 3 * 65_536).every((value) => value === 255)).toBe(true);
    for (const [offset, length] of [
      [0, values.length + 1],
      [values.length + 1, 0],
      [-1, 1],
    ]) {
      expect(() => kernels.dropPages(buffer, offset, length)).toThrow(RangeError);
    }
    expect(() => kernels.dropPages(kernels.allocate(64), 0, 64)).toThrow(/of mapFile, got one of allocate/);
    kernels.free(buffer);
    kernels.dropPages(buffer, 0, 1);
  });

  it("maps a part of a file, from any byte on", () => {
    const path = join(folder, "part.bin");
    const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => i % 251);
    writeFileSync(path, bytes);
    const buffer = kernels.mapFile(path, 5001, 300);
    expect(new Uint8Array(buffer)).toEqual(bytes.subarray(5001, 5301));
    expect(new Uint8Array(kernels.mapFile(path, 19_999))).toEqual(bytes.subarray(19_999));
    expect(kernels.mapFile(path, 20_000).byteLength).toBe(0);
    expect(() => kernels.mapFile(path, 20_001)).toThrow(/^mapFile: cannot map .*: the file has 20000 bytes$/);
    expect(() => kernels.mapFile(path, 19_999, 2)).toThrow(/the file has 20000 bytes$/);
    kernels.free(buffer);
  });

  it("maps what is longer than a buffer of the runtime, or says that it cannot", () => {
    const path = join(folder, "sparse.bin");
    const bytes = 4.5 * 2 ** 30; // Node 20 takes 4 GiB; the zeros take no room on the disk
    writeFileSync(path, "");
    truncateSync(path, bytes);
    const before = kernels.memory();
    const tooLong = /^mapFile: this runtime takes no buffer of 4831838208 bytes; take less at a time$/;
    if (bytes > constants.MAX_LENGTH) expect(() => kernels.mapFile(path)).toThrow(tooLong);
    else kernels.free(kernels.mapFile(path));
    expect(kernels.memory()).toMatchObject({ mappedBytes: before.mappedBytes, mappings: before.mappings });
    const end = kernels.mapFile(path, bytes - 10);
    expect([...new Uint8Array(end)]).toEqual(Array<number>(10).fill(0));
    kernels.free(end);
  });

  it("says which mapped file was cut, from every kernel until it is freed, and goes on after that", () => {
    const path = join(folder, "cut.bin");
    writeFileSync(path, new Uint8Array(Float32Array.from({ length: 40_000 }, (_, i) => i).buffer));
    const buffer = kernels.mapFile(path);
    const values = new Float32Array(buffer);
    const sum = new Float32Array(values.length);
    kernels.add(values, values, sum);
    expect(sum[39_999]).toBe(79_998);
    kernels.free(buffer);
    const again = kernels.mapFile(path);
    truncateSync(path, 8192);
    const cut = new Float32Array(again);
    const thrown = { code: "ERR_LATHE_MAPPED_FILE", path };
    const adding = (x: Float32Array) => () => {
      kernels.add(x, x, new Float32Array(x.length));
    };
    expect(adding(cut)).toThrow(expect.objectContaining(thrown));
    expect([cut[2047], cut[39_999]]).toEqual([2047, 0]);
    expect(adding(new Float32Array(3))).toThrow(/"add: |cut\.bin" was cut, or cannot be read any more/);
    kernels.free(again);
    adding(new Float32Array(3))();
  });

  it("an empty file maps to nothing", () => {
    const path = join(folder, "empty.bin");
    writeFileSync(path, "");
    expect(kernels.mapFile(path).byteLength).toBe(0);
  });

  it("counts what kernels work in, and gives it back", () => {
    const [a, b, c] = [0, 1, 2].map(() => new Float32Array(100 * 100));
    kernels.gemm(a, b, c, { m: 100, n: 100, k: 100 });
    const used = kernels.memory().scratchBytes;
    expect(used).toBeGreaterThan(40_000);
    kernels.trimScratch();
    expect(kernels.memory().scratchBytes).toBeLessThan(used);
  });
});
