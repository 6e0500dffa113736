import { join } from "node:path";
import { type Phrase, phrase } from "@lathe/files";
import { adaptersOfRun, hasFile, isRunFolder, pathKind } from "./path-kind.js";

/**
 * What is wrong with a path given for an adapter folder, where that can be told by what lies there.
 *
 * @returns null where nothing is known to be wrong, as where nothing lies there
 */
export async function adapterPathFault(path: string): Promise<Phrase | null> {
  const { kind, names } = await pathKind(path);
  if (kind === "file") {
    return phrase`${path} is a file; expected the folder with adapter_config.json and adapter_model.safetensors`;
  }
  if (names.includes("adapter_config.json")) return null;
  if (isRunFolder(names)) {
    const { adapter, last } = await adaptersOfRun(path);
    if (adapter !== null) return phrase`${path} is the folder of a run; its adapter is ${adapter}`;
    return last === null
      ? phrase`${path} is the folder of a run that has no adapter yet`
      : phrase`${path} is the folder of a run that is not complete; the adapter of its last checkpoint is ${last}`;
  }
  // A checkpoint of a run, or a folder with the adapter one deeper.
  if (await hasFile(path, "adapter", "adapter_config.json")) {
    return phrase`${path} holds the adapter in a folder of its own: ${join(path, "adapter")}`;
  }
  return names.includes("config.json") ? phrase`${path} is a model folder; expected an adapter's` : null;
}
