import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { hashFile } from "@lathe/files";
import { BASE_KEY, readAdapterConfig } from "./adapter-config.js";
import { WEIGHTS_FILE } from "./adapter-files.js";

/**
 * Whether two folders hold the same adapter: the same weights to the bit and the same config, wherever the model of each lies.
 * @throws FileError, UpdateError where one of them is no adapter folder
 */
export async function isSameAdapter(one: string, other: string): Promise<boolean> {
  const [own, given] = await Promise.all(
    [one, other].map(async (folder) => ({
      sha256: (await hashFile(join(folder, WEIGHTS_FILE))).sha256,
      config: { ...(await readAdapterConfig(folder)), [BASE_KEY]: null },
    })),
  );
  return isDeepStrictEqual(own, given);
}
