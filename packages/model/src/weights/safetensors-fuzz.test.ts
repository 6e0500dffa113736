import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WeightsError } from "../errors.js";
import { openSafetensors } from "./safetensors-file.js";
import { writeSafetensors } from "./write-safetensors.js";

const SEED = 20261123;
const ROUNDS = 2000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "safetensors-fuzz-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Mulberry32: whole numbers below `limit`, the same for the same seed. */
function wholeNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

it(`${ROUNDS} files with flipped or moved header bytes open and read, or fail with a WeightsError (seed ${SEED})`, async () => {
  const path = join(folder, "fuzz.safetensors");
  await writeSafetensors(
    path,
    [
      { name: "a", dtype: "F32", shape: [2, 3], data: new Float32Array(6) },
      { name: "b", dtype: "F16", shape: [2], data: new Uint16Array(2) },
      { name: "__proto__", dtype: "I8", shape: [], data: new Int8Array(1) },
    ],
    { format: "pt" },
  );
  const whole = await readFile(path);
  const headerEnd = 8 + Number(whole.readBigUInt64LE(0));
  const next = wholeNumbers(SEED);
  let opened = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = Buffer.from(whole);
    for (let flips = 1 + next(3); flips > 0; flips--) {
      // Digits and punctuation replace bytes as often as random bits flip: they get further into the parser.
      const at = next(headerEnd);
      if (next(2) === 0) bytes[at] ^= 1 << next(8);
      else bytes[at] = '0123456789-.,:[]{}"e'.charCodeAt(next(20));
    }
    await writeFile(path, bytes);
    try {
      const file = await openSafetensors(path);
      try {
        for (const name of file.names()) await file.readRaw(name);
        opened++;
      } finally {
        await file.close();
      }
    } catch (error) {
      expect(
        error,
        `seed ${SEED}, round ${round}: ${JSON.stringify(bytes.toString("latin1"))}`,
      ).toBeInstanceOf(WeightsError);
    }
  }
  // Flips inside names and metadata leave a valid file; were there none, the test would only see broken JSON.
  expect(opened).toBeGreaterThan(ROUNDS / 50);
  expect(opened).toBeLessThan(ROUNDS / 2);
});
