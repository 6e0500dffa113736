import { type PackedFormatName, quantizeWeights, type QuantizedWeights } from "@lathe/quant";
import { type ModelInput, pathOf } from "./model/open-model.js";
import { type RecipeHooks, warningOf } from "./recipe-event.js";

/** What {@link quantizeModel} reads and writes. */
export interface QuantizeModelOptions extends RecipeHooks {
  /** Model folder to read; of a model that is open, its folder is read. */
  readonly model: ModelInput;
  /** Folder to write. */
  readonly output: string;
  readonly format: PackedFormatName;
  /** Replaces a folder that an earlier call wrote. @defaultValue false */
  readonly overwrite?: boolean | undefined;
  /** Goes on with what an interrupted call of the same weights and format left. @defaultValue false */
  readonly resume?: boolean | undefined;
}

/** What {@link quantizeModel} did. */
export interface QuantizedModel extends Omit<QuantizedWeights, "path"> {
  readonly output: string;
}

/**
 * Writes a model folder with packed weights, some rows at a time. It appears as a whole or not at all; weight files that an
 * interrupted call finished wait hidden beside it for `resume`.
 *
 * @throws ModelConfigError, WeightsError, QuantizationError, OutputFolderError
 * @throws the signal's reason when it aborts
 */
export async function quantizeModel(options: QuantizeModelOptions): Promise<QuantizedModel> {
  const { model, output, format, overwrite = false, resume = false, signal, onEvent } = options;
  const { path: _path, ...quantized } = await quantizeWeights({
    model: pathOf(model),
    output,
    format,
    overwrite,
    resume,
    ...(signal ? { signal } : {}),
    onWarning: warningOf(onEvent),
    onProgress: (done, total, tensor) =>
      onEvent?.({
        type: "progress",
        phase: "quantising",
        done,
        total,
        ...(tensor === null ? {} : { item: tensor }),
      }),
  });
  return { output, ...quantized };
}
