import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadNativeKernels } from "@lathe/kernels";
import { tableFromIPC, tableToIPC } from "apache-arrow";
import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../testing/seeded-random.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { TokenDataset, writeTokenFile } from "../index.js";

const loaded = loadNativeKernels();
const kernels = "kernels" in loaded ? loaded.kernels : null;

const random = new SeededRandom(11);
const rows = Array.from({ length: 9000 }, (_, row) => {
  const inputIds = Int32Array.from({ length: random.integer(1, 40) }, () => random.integer(0, 1000));
  return { inputIds, labels: inputIds.map((id) => (id % 2 === 0 ? id : -100)), row };
});

describe.skipIf(kernels === null).each(["stream", "file"] as const)("a mapped token %s", (form) => {
  it("gives the rows that a read one gives, as views of one buffer", async () => {
    const path = join(temporaryFolder(), "rows.arrow");
    await writeTokenFile(path, rows, { tokenizerHash: null, templateHash: null, maxTokens: null });
    if (form === "file") writeFileSync(path, tableToIPC(tableFromIPC(readFileSync(path)), "file"));
    const buffers: ArrayBuffer[] = [];
    const memory = {
      mapFile(file: string) {
        const buffer = kernels!.mapFile(file);
        buffers.push(buffer);
        return buffer;
      },
      free: (buffer: ArrayBuffer) => kernels!.free(buffer),
    };
    const before = kernels!.memory().mappings;
    const dataset = await TokenDataset.open(path, { memory });
    expect(buffers).toHaveLength(1);
    for (const index of random.shuffle([...rows.keys()]).slice(0, 300)) {
      const { inputIds, labels, row } = dataset.view(index);
      expect([inputIds.buffer === buffers[0], labels.buffer === buffers[0], row]).toEqual([
        true,
        true,
        index,
      ]);
      expect([[...inputIds], [...labels]]).toEqual([[...rows[index].inputIds], [...rows[index].labels]]);
    }
    const copy = dataset.row(5);
    expect(copy.inputIds.buffer).not.toBe(buffers[0]);
    dataset.close();
    expect(buffers[0].byteLength).toBe(0);
    expect(kernels!.memory().mappings).toBe(before);
    expect(copy.inputIds).toEqual(rows[5].inputIds);
  });
});
