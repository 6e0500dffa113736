import { join } from "node:path";
import { openSafetensors } from "@lathe/model";
import type { AdapterTensors } from "../aggregate/adapter-tensors.js";
import { WEIGHTS_FILE } from "./adapter-files.js";

/** The weights of an adapter folder, open for reading. */
export interface AdapterFile extends AdapterTensors {
  readonly path: string;
  /** Type in which a tensor is stored. */
  dtypeOf(name: string): string;
  /** Closes the file. */
  close(): Promise<void>;
}

/** Opens the weights of an adapter folder. @throws WeightsError when the file is missing, cut short or malformed */
export async function openAdapterFile(folder: string): Promise<AdapterFile> {
  const file = await openSafetensors(join(folder, WEIGHTS_FILE));
  return {
    path: file.path,
    names: file.names(),
    shapeOf: (name) => file.info(name).shape,
    dtypeOf: (name) => file.info(name).dtype,
    read: async (name) => await file.readFloat32(name),
    close: async () => await file.close(),
  };
}
