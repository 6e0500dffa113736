/** Columns with one bit changed or one byte missing: what is there twice, or says where something is, is held to the rest. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isInputError } from "@lathe/files";
import { expect, it } from "vitest";
import { SeededRandom } from "../../testing/seeded-random.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { readRecords } from "./read-records.js";

const fixture = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`../../fixtures/rows/${name}`, import.meta.url)));

/** The rows of a file, or null where it is refused with its name. */
async function rowsOf(name: string, bytes: Buffer): Promise<unknown[] | null> {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, bytes);
  const rows: unknown[] = [];
  try {
    for await (const record of readRecords(file)) rows.push("value" in record ? record.value : record.error);
    return rows;
  } catch (error) {
    if (!isInputError(error)) throw error;
    expect(error.message).toContain(file);
    return null;
  }
}

interface Outcomes {
  readonly refused: number;
  readonly same: number;
  /** Rows that are others than those of the whole file. */
  readonly changed: readonly (readonly unknown[])[];
}

const CHANGES = 28;

async function outcomesOf(
  name: string,
  change: (bytes: Buffer, at: number, bit: number) => Buffer,
): Promise<Outcomes> {
  const whole = fixture(name);
  const sound = await rowsOf(name, whole);
  expect(sound?.length).toBeGreaterThan(0);
  const random = new SeededRandom(5);
  let [refused, same] = [0, 0];
  const changed: unknown[][] = [];
  for (let count = 0; count < CHANGES; count++) {
    const rows = await rowsOf(name, change(whole, random.integer(0, whole.length - 1), random.integer(0, 7)));
    if (rows === null) refused++;
    else if (JSON.stringify(rows) === JSON.stringify(sound)) same++;
    else changed.push(rows);
  }
  return { refused, same, changed };
}

function flipped(bytes: Buffer, at: number, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] ^= 1 << bit;
  return copy;
}

const without = (bytes: Buffer, at: number): Buffer =>
  Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);

it.each(["columns.arrow", "lz4.feather"])(
  "a changed bit of %s is refused, or in a value alone",
  async (name) => {
    const { refused, changed } = await outcomesOf(name, flipped);
    expect(refused).toBeGreaterThan(CHANGES / 4);
    const keys = (await rowsOf(name, fixture(name)))!.map((row) => Object.keys(row as object));
    for (const rows of changed) {
      expect(rows.map((row) => Object.keys(row as object))).toEqual(keys);
      expect(JSON.stringify(rows)).not.toContain("\ufffd");
    }
  },
  120_000,
);

it("a changed bit of columns-stream.arrow, which has its names once, changes no number of rows", async () => {
  const { refused, changed } = await outcomesOf("columns-stream.arrow", flipped);
  expect(refused).toBeGreaterThan(CHANGES / 4);
  for (const rows of changed) {
    expect(rows).toHaveLength(12);
    expect(JSON.stringify(rows)).not.toContain("\ufffd");
  }
}, 120_000);

it("no changed bit of columns.parquet, whose pages have checksums, changes a row", async () => {
  const { refused, changed } = await outcomesOf("columns.parquet", flipped);
  expect(changed).toEqual([]);
  expect(refused).toBeGreaterThan(CHANGES / 4);
}, 120_000);

it.each(["columns.arrow", "columns-stream.arrow", "columns.parquet"])(
  "a missing byte of %s is no other row",
  async (name) => {
    const { refused, same, changed } = await outcomesOf(name, without);
    expect(changed).toEqual([]);
    expect(refused).toBeGreaterThan(same);
  },
  120_000,
);
