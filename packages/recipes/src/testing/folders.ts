import { mkdtempSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** Folder of a tiny model without a tokenizer. */
export const tinyModel = (
  name: "qwen2" | "llama" | "qwen3" | "qwen3_moe" | "deepseek_v3" | "deepseek_v3_fp8",
): string => join(root, "packages/model/fixtures/models", name);

/** A small model of stories, with its tokenizer and without a chat template. */
export const storiesModel = join(root, "packages/model/fixtures/stories260k");

/** Folder of a recorded LoRA run. */
export const loraFixture = (name: string): string => join(root, "packages/peft/fixtures/lora", name);

/** Folder of a recorded run of full training. */
export const fullFixture = (name: string): string => join(root, "packages/train/fixtures/full", name);

// Registered as the file of tests is read: hooks that a hook asks for after an await are not called.
const temporaryFolders: string[] = [];
afterAll(async () => {
  for (const folder of temporaryFolders) await rm(folder, { recursive: true, force: true });
});

/** A temporary folder that goes away after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lathe-recipes-"));
  temporaryFolders.push(folder);
  return folder;
}

/** A place for a run, where nothing lies yet; it goes away after the tests of the file. */
export function newRun(): string {
  const folder = mkdtempSync(join(tmpdir(), "lathe-recipes-"));
  temporaryFolders.push(folder);
  return join(folder, "run");
}

/** The bytes of the adapter that a run has made. */
export const adapterOf = (run: string): Promise<Buffer> =>
  readFile(join(run, "adapter/adapter_model.safetensors"));

/** Short rows of token ids below 320, the first two of each without a label. */
export const shortRows = Array.from({ length: 12 }, (_, row) => {
  const ids = Array.from({ length: 6 + (row % 5) }, (__, i) => (row * 37 + i * 11) % 320);
  return { input_ids: ids, labels: ids.map((id, i) => (i < 2 ? -100 : id)) };
});

/** Writes rows, a JSON value a line. */
export async function writeJsonl(path: string, rows: readonly unknown[]): Promise<string> {
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
}
