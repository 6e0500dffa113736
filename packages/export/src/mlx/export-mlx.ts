import { join } from "node:path";
import { type OnWarning, replaceFile, replaceFolder } from "@lathe/files";
import { layerLinears, readModelConfig, type TensorToWrite, writeSafetensors } from "@lathe/model";
import { readAdapter } from "@lathe/peft";
import { ExportError } from "../errors.js";
import { checkPlainLora } from "../gguf/export-gguf-lora.js";
import { checkOutput } from "../source/open-source.js";
import { turned } from "./turned.js";

/** What {@link exportMlx} reads and writes. */
export interface ExportMlxOptions {
  /** Folder of the base model; its config says what the adapter is for. */
  readonly model: string;
  /** Folder of the adapter, as PEFT writes it. */
  readonly adapter: string;
  /** Folder to make. */
  readonly output: string;
  readonly onWarning?: OnWarning | undefined;
}

/** What {@link exportMlx} did. */
export interface ExportedMlx {
  readonly output: string;
  readonly tensors: number;
}

/**
 * Writes an adapter as mlx-lm reads it: `adapters.safetensors` with `lora_a` [inputs, rank] and `lora_b` [rank, outputs], the
 * transposes of PEFT's, and `adapter_config.json`. mlx-lm has one rank and one scale for all linears and the same linears in the last
 * so-many layers: smaller ranks are filled up with zeros, other scales folded into `lora_b`, and linears without an update get one of
 * zeros.
 *
 * @throws ExportError when the adapter has no place there, or something is at the output; AdapterFileError, ModelConfigError
 */
export async function exportMlx(options: ExportMlxOptions): Promise<ExportedMlx> {
  const { model, adapter, output, onWarning } = options;
  await checkOutput(output);
  const config = await readModelConfig(model);
  const stored = await readAdapter(adapter, config, onWarning);
  checkPlainLora(stored, adapter, "an MLX adapter", true);
  const { useDora, dropout } = stored.config;
  const rank = Math.max(...stored.targets.map((target) => target.rank));
  const scale = stored.targets[0].scale;
  const first = Math.min(...stored.targets.map(({ layer }) => layer ?? Infinity));
  const adapted = new Map(stored.targets.map((target) => [target.path, target]));
  const layers = Array.from({ length: config.layerCount - first }, (_, i) =>
    layerLinears(config, first + i),
  ).flat();
  const keys = new Set(layers.filter(({ path }) => adapted.has(path)).map(({ pathInLayer }) => pathInLayer));
  const refuse = (part: string, expected: string): ExportError =>
    new ExportError({ path: adapter, part, expected, actual: "another", remedy: "export the merged model" });
  if (stored.targets.some(({ layer }) => layer === null)) {
    throw refuse("target_modules", "linears of layers, which an MLX adapter holds");
  }
  const odd = layers.find(
    ({ path, pathInLayer, expert }) => adapted.has(path) && isApart(pathInLayer, expert),
  );
  if (odd) {
    throw new ExportError({
      path: adapter,
      part: "target_modules",
      expected:
        "linears that mlx-lm has as such, not those of routed experts or of keys and values from a latent",
      actual: odd.path,
      remedy: "export the merged model",
    });
  }
  const tensors: TensorToWrite[] = layers
    .filter(({ pathInLayer }) => keys.has(pathInLayer))
    .flatMap(({ path, shape: [outputs, inputs] }): TensorToWrite[] => {
      const target = adapted.get(path);
      if (!target && useDora)
        throw refuse("target_modules", "the same linears in the last layers, with DoRA");
      const matrices = target && stored.matrices.get(path)!;
      const a = new Float32Array(rank * inputs);
      const b = new Float32Array(outputs * rank);
      if (target && matrices) {
        a.set(matrices.a);
        for (let o = 0; o < outputs; o++) {
          for (let k = 0; k < target.rank; k++) {
            b[o * rank + k] = matrices.b[o * target.rank + k] * (target.scale / scale);
          }
        }
      }
      const tensor = (kind: string, shape: readonly number[], data: Float32Array): TensorToWrite => ({
        name: `${path}.${kind}`,
        dtype: "F32",
        shape,
        data,
      });
      return [
        tensor("lora_a", [inputs, rank], turned(a, rank, inputs)),
        tensor("lora_b", [rank, outputs], turned(b, outputs, rank)),
        ...(matrices?.magnitude ? [tensor("m", [outputs], matrices.magnitude)] : []),
      ];
    });
  const described = {
    fine_tune_type: useDora ? "dora" : "lora",
    model: stored.baseModel,
    num_layers: config.layerCount - first,
    lora_parameters: { rank, scale, dropout, keys: [...keys].sort() },
  };
  await replaceFolder(
    output,
    async (folder) => {
      await writeSafetensors(join(folder, "adapters.safetensors"), tensors, { format: "mlx" });
      await replaceFile(join(folder, "adapter_config.json"), `${JSON.stringify(described, null, 2)}\n`);
    },
    { check: () => checkOutput(output) },
  );
  return { output, tensors: tensors.length };
}

/** Whether mlx-lm holds the weights of a linear in another form: experts as one tensor, keys and values of a latent as two. */
const isApart = (pathInLayer: string, expert: number | null): boolean =>
  expert !== null || pathInLayer === "self_attn.kv_b_proj";
