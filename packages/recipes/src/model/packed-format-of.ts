import { type FolderFormat, folderFormat } from "@lathe/quant";
import { hasWeights } from "./stored-types.js";

/** The packed format that a model folder's weights are in; null where they are not packed, or not there. @throws ModelConfigError */
export async function packedFormatOf(folder: string): Promise<FolderFormat | null> {
  return (await hasWeights(folder)) ? await folderFormat(folder) : null;
}
