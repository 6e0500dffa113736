import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  Field,
  Int32,
  Int64,
  List,
  Table,
  tableFromArrays,
  tableFromIPC,
  tableToIPC,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import { describe, expect, it, onTestFinished } from "vitest";
import { hashFile } from "@lathe/files";
import { forSeeds, SeededRandom } from "../../testing/seeded-random.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { ArrowGuard } from "./arrow-guard.js";
import {
  MANIFEST_FORMAT,
  TokenDataset,
  writeTokenFile,
  type TokenFileMetadata,
  type TokenRow,
} from "../index.js";

const metadata: TokenFileMetadata = { tokenizerHash: "t1", templateHash: null, maxTokens: 512 };

function randomRows(random: SeededRandom, count: number, longest: number): TokenRow[] {
  return Array.from({ length: count }, (_, row) => {
    const inputIds = Int32Array.from({ length: random.integer(0, longest) }, () =>
      random.integer(0, 2 ** 31 - 1),
    );
    return { inputIds, labels: inputIds.map((id) => (random.next() < 0.5 ? id : -100)), row };
  });
}

/** Equality by bytes; the matcher's element by element takes seconds on millions of ids. */
function same(left: Int32Array, right: Int32Array): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: Int32Array): Buffer =>
    Buffer.from(buffer, byteOffset, byteLength);
  return bytes(left).equals(bytes(right));
}

async function writeFile(rows: Iterable<TokenRow>): Promise<string> {
  const path = join(temporaryFolder(), "rows.arrow");
  await writeTokenFile(path, rows, metadata);
  return path;
}

describe.each([
  ["a file", async (rows: TokenRow[]) => TokenDataset.open(await writeFile(rows))],
  ["memory", (rows: TokenRow[]) => Promise.resolve(TokenDataset.fromRows(rows))],
])("TokenDataset from %s", (_name, make) => {
  it("gives the rows back in any order, with their lengths", async () => {
    const random = new SeededRandom(1);
    // About 45 batches, more than are cached.
    const rows = randomRows(random, 1500, 4000);
    const dataset = await make(rows);
    expect(dataset.length).toBe(rows.length);
    expect(
      same(
        dataset.lengths(),
        Int32Array.from(rows, ({ inputIds }) => inputIds.length),
      ),
    ).toBe(true);
    for (const index of random.shuffle([...rows.keys()]).slice(0, 500)) {
      const { inputIds, labels, row } = dataset.row(index);
      expect([index, same(inputIds, rows[index].inputIds), same(labels, rows[index].labels)]).toEqual([
        row,
        true,
        true,
      ]);
    }
  });

  it("iterates, and takes no rows at all", async () => {
    const rows = randomRows(new SeededRandom(2), 10, 3);
    expect([...(await make(rows))]).toEqual(rows);
    const none = await make([]);
    expect([...none]).toEqual([]);
    expect(none.lengths()).toEqual(new Int32Array(0));
    expect(() => none.row(0)).toThrow(RangeError);
  });

  it("hands out copies", async () => {
    const dataset = await make(randomRows(new SeededRandom(3), 4, 50));
    const before = dataset.row(2);
    dataset.row(2).inputIds.fill(0);
    dataset.lengths().fill(0);
    expect(dataset.row(2)).toEqual(before);
    expect(dataset.lengths()[2]).toBe(before.inputIds.length);
  });

  it.each([-1, 4, 0.5, Number.NaN])("refuses row %d", async (index) => {
    const dataset = await make(randomRows(new SeededRandom(4), 4, 5));
    expect(() => dataset.row(index)).toThrow(`expected a row from 0 to 3, got ${index}`);
  });
});

describe("token files", () => {
  it("keep what produced them and the numbers of their rows", async () => {
    const ids = Int32Array.of(1, 2);
    const dataset = await TokenDataset.open(await writeFile([{ inputIds: ids, labels: ids, row: 41 }]));
    expect(dataset.metadata).toEqual(metadata);
    expect(dataset.row(0).row).toBe(41);
  });

  it("keep weights of rows and what was learnt of them", async () => {
    const ids = Int32Array.of(1, 2);
    const rows = [0.1, 1, 2.5].map((weight) => ({ inputIds: ids, labels: ids, weight }));
    const path = join(temporaryFolder(), "weighted.arrow");
    const learnt = { ...metadata, lossOn: "last", reasoning: "mask" } as const;
    await writeTokenFile(path, rows, learnt);
    const dataset = await TokenDataset.open(path);
    expect([...dataset].map(({ weight = 1 }) => weight)).toEqual([0.1, 1, 2.5]);
    expect(dataset.metadata).toEqual(learnt);
    expect([...TokenDataset.fromRows(rows)].map(({ weight = 1 }) => weight)).toEqual([0.1, 1, 2.5]);
  });

  it("refuse weights that are none", async () => {
    const ids = Int32Array.of(1, 2);
    const path = await writeFile([{ inputIds: ids, labels: ids, weight: -1 } as TokenRow]);
    const dataset = await TokenDataset.open(path);
    expect(() => dataset.row(0)).toThrow("column weight has -1, expected a number from 0");
  });

  it("are read by Arrow's own reader, and read what its own writer writes", async () => {
    const rows = randomRows(new SeededRandom(9), 300, 900);
    const table = tableFromIPC(readFileSync(await writeFile(rows)));
    const column = (name: string): Int32Array[] =>
      Array.from(table.getChild(name) as Iterable<Vector<Int32>>, (list) => Int32Array.from(list.toArray()));
    expect(column("input_ids").every((ids, index) => same(ids, rows[index].inputIds))).toBe(true);
    expect(column("labels").every((labels, index) => same(labels, rows[index].labels))).toBe(true);
    expect(table.getChild("row")?.toArray()).toEqual(Int32Array.from(rows.keys()));

    const path = join(temporaryFolder(), "rewritten.arrow");
    writeFileSync(path, tableToIPC(table.select(["labels", "input_ids"]), "file"));
    const dataset = await TokenDataset.open(path);
    expect(
      rows.every(
        ({ inputIds, labels }, index) =>
          same(dataset.row(index).inputIds, inputIds) && same(dataset.row(index).labels, labels),
      ),
    ).toBe(true);
  });

  it("narrow the 64-bit integers of other libraries, and refuse what is no token", async () => {
    const path = join(temporaryFolder(), "wide.arrow");
    const list = (item: Int64 | Int32) => new List(new Field("item", item, true));
    const write = (label: bigint): void => {
      const columns = {
        input_ids: vectorFromArray([[1, 2], [], [3]], list(new Int32())),
        labels: vectorFromArray([[-100n, 2n], [], [label]], list(new Int64())),
      };
      writeFileSync(path, tableToIPC(new Table(columns), "stream"));
    };
    write(3n);
    expect([...(await TokenDataset.open(path))]).toEqual([
      { inputIds: Int32Array.of(1, 2), labels: Int32Array.of(-100, 2), row: 0 },
      { inputIds: new Int32Array(0), labels: new Int32Array(0), row: 1 },
      { inputIds: Int32Array.of(3), labels: Int32Array.of(3), row: 2 },
    ]);
    write(2n ** 40n);
    const dataset = await TokenDataset.open(path);
    expect(() => dataset.row(0)).toThrow("column labels has 1099511627776, which no token has");
  });

  it("are written from an asynchronous source, whose failure is passed on", async () => {
    async function* broken(): AsyncGenerator<TokenRow> {
      yield* await Promise.resolve(randomRows(new SeededRandom(5), 2, 3));
      throw new Error("source broke");
    }
    await expect(writeTokenFile(join(temporaryFolder(), "a.arrow"), broken(), metadata)).rejects.toThrow(
      "source broke",
    );
  });

  it("refuse rows with too few labels", async () => {
    const row = { inputIds: Int32Array.of(1, 2), labels: Int32Array.of(1), row: 0 };
    await expect(writeFile([row])).rejects.toThrow("row 0: expected 2 labels, one for each id, got 1");
    expect(() => TokenDataset.fromRows([row])).toThrow("row 0: expected 2 labels");
  });

  it("are refused when cut off anywhere", async () => {
    const path = await writeFile(randomRows(new SeededRandom(6), 50, 20));
    const { length } = readFileSync(path);
    for (const left of [length - 1, length - 7, length - 100, length >> 1, 100, 9, 6]) {
      truncateSync(path, left);
      await expect(TokenDataset.open(path)).rejects.toThrow(`is cut off after ${left} bytes; make it again`);
    }
    truncateSync(path, 0);
    await expect(TokenDataset.open(path)).rejects.toThrow("is no Arrow IPC file");
  });

  it.each(["stream", "file"] as const)(
    "never fail otherwise than as damaged when bytes of a %s are changed",
    async (form) => {
      const path = await writeFile(randomRows(new SeededRandom(7), 20, 20));
      const bytes = Buffer.from(tableToIPC(tableFromIPC(readFileSync(path)), form));
      const damaged = join(temporaryFolder(), "damaged.arrow");
      const cases: Buffer[] = [];
      forSeeds(300, (random) => {
        const copy = Buffer.from(bytes);
        for (let count = 0; count < 3; count++)
          copy[random.integer(0, copy.length - 1)] = random.integer(0, 255);
        cases.push(copy);
      });
      const guard = new ArrowGuard();
      onTestFinished(() => guard.close());
      let refused = 0;
      for (const copy of cases) {
        writeFileSync(damaged, copy);
        try {
          const dataset = await TokenDataset.open(damaged, { guard });
          for (let index = 0; index < Math.min(dataset.length, 100); index++) dataset.row(index);
        } catch (error) {
          expect(error).toMatchObject({ name: "TokenFileError", file: damaged });
          refused += 1;
        }
      }
      expect(refused).toBeGreaterThan(0);
    },
    180_000,
  );

  it.each(["hang.arrow", "typeerror.arrow"])(
    "are refused in good time as damaged as %s is",
    async (name) => {
      const path = fileURLToPath(new URL(`../../fixtures/damaged/${name}`, import.meta.url));
      await expect(TokenDataset.open(path)).rejects.toThrow(`token file ${path} is damaged: `);
    },
    30_000,
  );

  it("are compared with the hash in the manifest beside them", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "train.arrow");
    await writeTokenFile(path, randomRows(new SeededRandom(8), 20, 20), {
      tokenizerHash: null,
      templateHash: null,
      maxTokens: null,
    });
    const { sha256 } = await hashFile(path);
    const manifest = { format: MANIFEST_FORMAT, outputs: { "train.arrow": { sha256 } } };
    writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
    expect((await TokenDataset.open(path)).length).toBe(20);
    const bytes = readFileSync(path);
    for (const at of [8, bytes.length >> 2, bytes.length >> 1, bytes.length - 40]) {
      const copy = Buffer.from(bytes);
      copy[at] ^= 1;
      writeFileSync(path, copy);
      await expect(TokenDataset.open(path)).rejects.toThrow(
        "is not what prepare wrote: manifest.json has the hash",
      );
    }
  });

  it("are refused when they are something else", async () => {
    const folder = temporaryFolder();
    const other = join(folder, "other.arrow");
    writeFileSync(other, "not an Arrow file, though long enough for one");
    await expect(TokenDataset.open(other)).rejects.toThrow(
      `token file ${other} is no Arrow IPC file; make one with prepare`,
    );
    writeFileSync(other, tableToIPC(tableFromArrays({ a: Int32Array.of(1) }), "file"));
    await expect(TokenDataset.open(other)).rejects.toThrow(
      "has no column input_ids of type List<Int32>; its columns are a: Int32",
    );
    writeFileSync(other, tableToIPC(tableFromArrays({ a: Int32Array.of(1) }), "stream"));
    await expect(TokenDataset.open(other)).rejects.toThrow("its columns are a: Int32");
    await expect(TokenDataset.open(join(folder, "none.arrow"))).rejects.toThrow("none.arrow: no such file");
  });

  it("are refused when they change while open", async () => {
    const path = await writeFile(randomRows(new SeededRandom(8), 5, 5));
    const dataset = await TokenDataset.open(path);
    appendFileSync(path, "x");
    expect(() => dataset.row(0)).toThrow("has changed since it was opened");
  });

  it("are read row by row where it is known where they lie, and refused there when they change", async () => {
    const random = new SeededRandom(12);
    const rows = randomRows(random, 1500, 4000).map((row, index) => ({ ...row, weight: 1 + (index % 3) }));
    const path = await writeFile(rows);
    const dataset = await TokenDataset.open(path);
    for (const { weight = 1, row } of dataset) expect(weight).toBe(1 + (row % 3));
    const before = process.memoryUsage().arrayBuffers;
    const held: TokenRow[] = [];
    for (const index of random.shuffle([...rows.keys()]).slice(0, 300)) {
      const view = dataset.view(index);
      held.push(view);
      expect([view.row, view.weight ?? 1, same(view.inputIds, rows[index].inputIds)]).toEqual([
        index,
        1 + (index % 3),
        true,
      ]);
      expect(same(view.labels, rows[index].labels)).toBe(true);
    }
    // A batch of half a megabyte for every row that is held would be ten times as much.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60 * 2 ** 20);
    appendFileSync(path, "x");
    expect(() => {
      for (const index of [700, 20, 1400, 300, 1100]) dataset.view(index);
    }).toThrow("has changed since it was opened");
  });
});
