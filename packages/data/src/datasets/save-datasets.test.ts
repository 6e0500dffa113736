import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../testing/seeded-random.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { readRows, saveDatasets, TokenDataset, writeTokenFile } from "../index.js";

/** Written by `datasets` itself: scripts/reference/saved_dataset.py, whose formulas are repeated below. */
const fixture = fileURLToPath(new URL("../../fixtures/saved-dataset/", import.meta.url));

const metadata = { tokenizerHash: "t", templateHash: "c", maxTokens: 64 };

async function preparedFolder(rows: number): Promise<string> {
  const folder = temporaryFolder();
  const random = new SeededRandom(rows);
  const some = Array.from({ length: rows }, () => {
    const inputIds = Int32Array.from({ length: random.integer(1, 20) }, () => random.integer(0, 999));
    return { inputIds, labels: inputIds };
  });
  await writeTokenFile(join(folder, "train.arrow"), some, metadata);
  await writeTokenFile(join(folder, "test.arrow"), [], metadata);
  return folder;
}

describe("data sets that Hugging Face datasets saved", () => {
  it("are token rows, over all of their shards", async () => {
    const dataset = await TokenDataset.open(join(fixture, "tokens"));
    const expected = Array.from({ length: 11 }, (_, row) => {
      const ids = Array.from({ length: row % 5 }, (_, place) => (row * 37 + place * 101) % 151936);
      return { inputIds: ids, labels: ids.map((id, place) => (place % 2 === 1 ? id : -100)), row };
    });
    const found = [...dataset].map(({ inputIds, labels, row }) => ({
      inputIds: [...inputIds],
      labels: [...labels],
      row,
    }));
    expect(found).toEqual(expected);
    expect(dataset.metadata).toBeNull();
  });

  it("are rows of dialogue", async () => {
    const rows = [];
    for await (const { row } of readRows(join(fixture, "dialogues/train/data-00000-of-00001.arrow")))
      rows.push(row);
    expect(rows).toHaveLength(3);
    expect(rows[2]).toMatchObject({
      kind: "messages",
      messages: [
        { role: "user", content: "问题 2" },
        { role: "assistant", content: "answer 2" },
      ],
    });
  });

  it("are refused where they are several, none, or lead elsewhere", async () => {
    await expect(TokenDataset.open(join(fixture, "dialogues"))).rejects.toThrow(
      "name the folder of one of them",
    );
    const folder = temporaryFolder();
    await expect(TokenDataset.open(folder)).rejects.toThrow("without a state.json");
    for (const filename of ["../data.arrow", "", 3]) {
      writeFileSync(join(folder, "state.json"), JSON.stringify({ _data_files: [{ filename }] }));
      await expect(TokenDataset.open(folder)).rejects.toThrow("expected a list of files in its folder");
    }
  });
});

describe("saveDatasets", () => {
  it("writes shards that hold the rows in order, and descriptions of them", async () => {
    const folder = await preparedFolder(300);
    const output = join(temporaryFolder(), "saved");
    const saved = await saveDatasets({ folder, output, shardTokens: 700 });
    const source = await TokenDataset.open(join(folder, "train.arrow"));
    const tokens = source.lengths().reduce((sum, length) => sum + length, 0);
    const [train, test] = saved;
    expect(saved).toHaveLength(2);
    expect(train).toMatchObject({ split: "train", rows: 300, tokens });
    expect(train.shards).toBeGreaterThanOrEqual(tokens / 700);
    expect(test).toEqual({ split: "test", rows: 0, tokens: 0, shards: 1 });
    const read = await TokenDataset.open(join(output, "train"));
    expect([...read]).toEqual([...source]);
    expect(read.metadata).toEqual(metadata);
    for (const file of readdirSync(join(output, "train")).filter((name) => name.endsWith(".arrow"))) {
      const shard = await TokenDataset.open(join(output, "train", file));
      expect(shard.lengths().reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(700);
    }
    expect(JSON.parse(readFileSync(join(output, "dataset_dict.json"), "utf8"))).toEqual({
      splits: ["train", "test"],
    });
    const state = JSON.parse(readFileSync(join(output, "train/state.json"), "utf8")) as Record<
      string,
      unknown
    >;
    expect(state["_data_files"]).toHaveLength(train.shards);
    expect(state["_fingerprint"]).toMatch(/^[0-9a-f]{16}$/);
  });

  it("leaves folders with something in them alone, and wants tokens", async () => {
    const folder = await preparedFolder(3);
    const output = temporaryFolder();
    await expect(saveDatasets({ folder: output, output: join(output, "x") })).rejects.toThrow(
      "has no train.arrow",
    );
    mkdirSync(join(output, "full"));
    writeFileSync(join(output, "full/notes.txt"), "mine");
    await expect(saveDatasets({ folder, output: join(output, "full") })).rejects.toMatchObject({
      name: "OutputFolderError",
    });
    await expect(saveDatasets({ folder, output: join(output, "y"), shardTokens: 0 })).rejects.toThrow(
      "shardTokens",
    );
    const signal = AbortSignal.abort();
    await expect(saveDatasets({ folder, output: join(output, "z"), signal })).rejects.toThrow("aborted");
    expect(readdirSync(output)).toEqual(["full"]);
  });
});
