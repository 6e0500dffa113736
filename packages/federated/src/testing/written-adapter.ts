import { makeFolder } from "@lathe/files";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Dtype, writeSafetensors } from "@lathe/model";
import { onTestFinished } from "vitest";
import { rm } from "node:fs/promises";

/** A folder that goes when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lathe-federated-"));
  onTestFinished(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

/** A tensor to write, in bytes of its type or as float32. */
export interface WrittenTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint16Array | Float64Array;
  readonly dtype?: Dtype;
}

/** The config of a small adapter as PEFT writes it. */
export const adapterConfig = {
  peft_type: "LORA",
  r: 2,
  lora_alpha: 4,
  target_modules: ["q_proj", "v_proj"],
  use_rslora: false,
  use_dora: false,
  bias: "none",
  modules_to_save: null,
};

/** Writes an adapter folder with these tensors. */
export async function writeAdapterFolder(
  folder: string,
  tensors: readonly WrittenTensor[],
  config: object = adapterConfig,
): Promise<string> {
  await makeFolder(folder);
  await writeFile(join(folder, "adapter_config.json"), JSON.stringify(config));
  await writeSafetensors(
    join(folder, "adapter_model.safetensors"),
    tensors.map(({ dtype = "F32", ...tensor }) => ({ ...tensor, dtype })),
  );
  return folder;
}
