import type { OnWarning } from "@lathe/files";
import { readModelConfig } from "@lathe/model";
import { copyAdapter, readAdapter } from "@lathe/peft";
import { checkOutput } from "../source/open-source.js";

/** What {@link exportPeft} reads and writes. */
export interface ExportPeftOptions {
  /** Folder of the base model; its config says what the adapter is for. */
  readonly model: string;
  /** Folder of the adapter. */
  readonly adapter: string;
  /** Folder to make. */
  readonly output: string;
  /** Texts of further files of the folder, by their names. @defaultValue none */
  readonly files?: ReadonlyMap<string, string> | undefined;
  readonly onWarning?: OnWarning | undefined;
}

/** What {@link exportPeft} did. */
export interface ExportedPeft {
  readonly output: string;
  /** Linears with an update, and tensors trained as a whole. */
  readonly changed: number;
}

/**
 * Writes an adapter folder for PEFT, after every tensor of it has been read and held to the model.
 * @throws ExportError when something is at the output; AdapterFileError, ModelConfigError
 */
export async function exportPeft({
  model,
  adapter,
  output,
  files,
  onWarning,
}: ExportPeftOptions): Promise<ExportedPeft> {
  await checkOutput(output);
  const stored = await readAdapter(adapter, await readModelConfig(model), onWarning);
  await copyAdapter(stored, output, files);
  return { output, changed: stored.targets.length + stored.whole.size };
}
