import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Bytes of the files of weights in a model folder; 0 where there are none to be found. */
export async function filesBytes(folder: string): Promise<number> {
  const names = await readdir(folder).catch((): string[] => []);
  const sizes = names
    .filter((name) => name.endsWith(".safetensors"))
    .map(async (name) => (await stat(join(folder, name)).catch(() => null))?.size ?? 0);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
