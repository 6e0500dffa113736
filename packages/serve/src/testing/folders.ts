import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** A small model of stories, with its tokenizer and without a chat template. */
export const storiesModel = join(root, "packages/model/fixtures/stories260k");

/** The quick start's model, with a chat template. */
export const chatModel = join(root, "examples/customer-service/base-model");

const temporaryFolders: string[] = [];
afterAll(async () => {
  for (const folder of temporaryFolders) await rm(folder, { recursive: true, force: true });
});

/** A temporary folder that goes away after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lathe-serve-"));
  temporaryFolders.push(folder);
  return folder;
}
