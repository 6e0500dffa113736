import { createHash } from "node:crypto";
import { modelHashes } from "../record/run-hashes.js";
import { progressOf, type RecipeHooks } from "../recipe-event.js";

/**
 * SHA-256 over the names and hashes of all files that a model is read from: parties with the same one have the same model.
 * @throws the signal's reason when it aborts
 */
export async function baseHash(model: string, { onEvent, signal }: RecipeHooks): Promise<string> {
  const hashes = await modelHashes(model, progressOf(onEvent, "hashing"), signal);
  const entries = Object.entries(hashes).sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(entries)).digest("hex");
}
