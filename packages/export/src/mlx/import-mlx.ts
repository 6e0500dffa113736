import { join } from "node:path";
import { isRecord, type MakeFault, readJsonFile } from "@lathe/files";
import { openSafetensors, readModelConfig, linearPlaces } from "@lathe/model";
import { resolveLoraConfig, writeAdapter } from "@lathe/peft";
import { ExportError, quote } from "../errors.js";
import { checkOutput } from "../source/open-source.js";
import { turned } from "./turned.js";

const CONFIG_BYTES_LIMIT = 10_000_000;

/** What {@link importMlx} reads and writes. */
export interface ImportMlxOptions {
  /** Folder of the adapter, as mlx-lm writes it. */
  readonly adapter: string;
  /** Folder of the base model. */
  readonly model: string;
  /** Folder to make. */
  readonly output: string;
}

/** What {@link importMlx} did. */
export interface ImportedMlx {
  readonly output: string;
  /** Linears with an update. */
  readonly linears: number;
}

/**
 * Writes an adapter of mlx-lm as PEFT has it, for a base model.
 * @throws ExportError when files are missing or malformed, or of another model; ModelConfigError, WeightsError
 */
export async function importMlx({ adapter, model, output }: ImportMlxOptions): Promise<ImportedMlx> {
  await checkOutput(output);
  const config = await readModelConfig(model);
  const path = join(adapter, "adapter_config.json");
  const makeFault: MakeFault = (expected, actual, cause) =>
    new ExportError({ path, expected, actual, cause });
  const described = await readJsonFile(path, { limit: CONFIG_BYTES_LIMIT, makeFault });
  const parameters = isRecord(described) ? described["lora_parameters"] : undefined;
  const { rank, scale } = isRecord(parameters) ? parameters : {};
  if (typeof rank !== "number" || typeof scale !== "number" || !(rank >= 1) || !Number.isFinite(scale)) {
    throw makeFault("lora_parameters with rank and scale", quote(parameters));
  }
  const kind = isRecord(described) ? (described["fine_tune_type"] ?? "lora") : "lora";
  if (kind !== "lora" && kind !== "dora") throw makeFault("a fine_tune_type of lora or dora", quote(kind));
  const file = await openSafetensors(join(adapter, "adapters.safetensors"));
  try {
    const places = new Map(linearPlaces(config).map((place) => [place.path, place]));
    const tensors: { name: string; shape: readonly number[]; data: Float32Array }[] = [];
    const targets = new Set<string>();
    for (const name of file.names()) {
      const [, of, part] = /^(.+)\.(lora_a|lora_b|m)$/.exec(name) ?? [];
      const place = places.get(of);
      const { shape } = file.info(name);
      const fault = (expected: string, actual: string): ExportError =>
        new ExportError({
          path: file.path,
          part: name,
          expected,
          actual,
          remedy: "the adapter is of another model",
        });
      if (!place) throw fault("a matrix of a linear of the model", "another tensor");
      const [outputs, inputs] = place.shape;
      const wanted = { lora_a: [inputs, rank], lora_b: [rank, outputs], m: [outputs] }[part as "lora_a"];
      if (shape.join() !== wanted.join())
        throw fault(`shape [${wanted.join(", ")}]`, `[${shape.join(", ")}]`);
      const values = await file.readFloat32(name);
      targets.add(of);
      const prefix = `base_model.model.${of}`;
      if (part === "m") tensors.push({ name: `${prefix}.lora_magnitude_vector`, shape, data: values });
      else {
        const suffix = part === "lora_a" ? "lora_A" : "lora_B";
        const data = turned(values, shape[0], shape[1]);
        tensors.push({ name: `${prefix}.${suffix}.weight`, shape: [shape[1], shape[0]], data });
      }
    }
    if (targets.size === 0) {
      throw new ExportError({ path: file.path, expected: "matrices of LoRA", actual: "none" });
    }
    const lora = resolveLoraConfig({
      rank,
      alpha: scale * rank,
      dropout: 0,
      targets: [...targets],
      useDora: kind === "dora",
    });
    await writeAdapter(output, lora, model, tensors);
    return { output, linears: targets.size };
  } finally {
    await file.close();
  }
}
