import { join } from "node:path";
import { type Phrase, phrase } from "@lathe/files";
import { field } from "../recipe-error.js";
import { adaptersOfRun, isPreparedFolder, isRunFolder, pathKind } from "./path-kind.js";

/**
 * What is wrong with a path given for a model folder, where that can be told by what lies there.
 *
 * @returns null where nothing is known to be wrong, as where nothing lies there
 */
export async function modelPathFault(path: string): Promise<Phrase | null> {
  const { kind, names } = await pathKind(path);
  if (kind === "file") {
    return /\.gguf$/i.test(path)
      ? phrase`${path} is a GGUF file; expected the model's folder with config.json and safetensors`
      : phrase`${path} is a file; expected the folder with config.json, safetensors and tokenizer.json`;
  }
  if (isRunFolder(names)) {
    const { adapter, last } = await adaptersOfRun(path);
    const hint = adapter ?? last;
    return hint === null
      ? phrase`${path} is the folder of a run; expected the base model`
      : phrase`${path} is the folder of a run; expected the base model, with ${hint} as ${field("adapter")}`;
  }
  if (names.includes("adapter_config.json") && !names.includes("config.json")) {
    return phrase`${path} is an adapter; expected the base model, with this as ${field("adapter")}`;
  }
  if (isPreparedFolder(names)) return phrase`${path} is a folder of prepared rows; expected a model folder`;
  const [snapshot] = names.includes("snapshots") ? (await pathKind(join(path, "snapshots"))).names : [];
  if (snapshot !== undefined && !names.includes("config.json")) {
    return phrase`${path} is a folder of a hub's cache; the model is in ${join(path, "snapshots", snapshot)}`;
  }
  return null;
}
