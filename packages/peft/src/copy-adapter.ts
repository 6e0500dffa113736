import { type StoredAdapter, writeAdapter } from "./adapter-folder.js";
import { parameterName } from "./stored-names.js";

/**
 * Writes an adapter that has been read as PEFT does: `adapter_config.json` and `adapter_model.safetensors` with float32 tensors.
 * @param folder is made, whole or not at all
 * @param files texts of further files, by their names
 */
export async function copyAdapter(
  stored: StoredAdapter,
  folder: string,
  files?: ReadonlyMap<string, string>,
): Promise<void> {
  const { targets, matrices, whole, config, baseModel, wholeShapes } = stored;
  const ofTargets = targets.flatMap(({ path, rank, shape: [outputs, inputs] }) => {
    const { a, b, magnitude } = matrices.get(path)!;
    return [
      { name: parameterName(path, "a"), shape: [rank, inputs], data: a },
      { name: parameterName(path, "b"), shape: [outputs, rank], data: b },
      ...(magnitude ? [{ name: parameterName(path, "magnitude"), shape: [outputs], data: magnitude }] : []),
    ];
  });
  const ofWhole = [...whole].map(([name, data]) => ({ name, shape: wholeShapes.get(name)!, data }));
  await writeAdapter(folder, config, baseModel, [...ofTargets, ...ofWhole], files);
}
