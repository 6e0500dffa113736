import { loadNativeKernels } from "@lathe/kernels";
import { flatBatch, loadModel, loadTokenizer } from "@lathe/model";
import { startEngine } from "@lathe/tensor";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { linearReader, type WeightFormat } from "./linear-reader.js";

const fixtures = fileURLToPath(new URL("../../model/fixtures/", import.meta.url));
const STORIES = 20;

/** Most that a format may change the perplexity, relative: what the README's table says, with room for fewer stories. */
const bounds = {
  stories260k: { bf16: 5e-4, fp16: 1e-4, int8: 1e-3, nf4: 0.12 },
  babyllama105: { bf16: 5e-4, fp16: 1e-4, int8: 5e-4, nf4: 0.06 },
} as const;

let texts: string[];
beforeAll(async () => {
  await startEngine("kernels" in loadNativeKernels() ? "native" : "wasm", "fp32");
  const lines = (await readFile(join(fixtures, "tinystories-sample/test-100.jsonl"), "utf8")).split("\n");
  texts = lines.slice(0, STORIES).map((line) => (JSON.parse(line) as { text: string }).text);
});

async function perplexity(name: string, format: WeightFormat): Promise<number> {
  const folder = join(fixtures, name);
  const tokenizer = (await loadTokenizer(folder))!;
  const model = await loadModel(folder, { readLinear: await linearReader(folder, format) });
  let [sum, count] = [0, 0];
  for (const text of texts) {
    const inputIds = Int32Array.from(tokenizer.encode(text).slice(0, model.config.maxPositions));
    for (const loss of model.tokenLosses(flatBatch([{ inputIds, labels: inputIds }]))) {
      sum += loss;
      count++;
    }
  }
  model.dispose();
  return Math.exp(sum / count);
}

describe.each(Object.keys(bounds) as (keyof typeof bounds)[])("%s", (name) => {
  it("keeps its perplexity within each format's bound, and has a worse one with nf4 than with int8", async () => {
    const dense = await perplexity(name, "none");
    const changes: Partial<Record<WeightFormat, number>> = {};
    for (const [format, bound] of Object.entries(bounds[name]) as ["int8", number][]) {
      changes[format] = (await perplexity(name, format)) / dense - 1;
      expect(Math.abs(changes[format]), format).toBeLessThan(bound);
    }
    expect(changes.nf4).toBeGreaterThan(Math.abs(changes.int8!));
  });
});
