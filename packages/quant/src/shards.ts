import { type TensorToWrite, writeSafetensors } from "@lathe/model";
import { replaceFile } from "@lathe/files";
import { join } from "node:path";
import type { ShardFolder } from "./shard-folder.js";

/** A tensor to write and its size in bytes. */
export interface SizedTensor extends TensorToWrite {
  readonly byteLength: number;
}

/** What PyTorch readers want to find in a file of theirs. */
const METADATA = { format: "pt" };

/**
 * Writes the weights of a model folder: `model.safetensors`, or shards with their index. Shards that have finished in the
 * work folder are taken from there.
 *
 * @param groups tensors that stay in one file, in order
 * @param shardBytes size from which on a further file is begun; one group may exceed it
 * @param onKept told of the tensors of a shard that was there already
 */
export async function writeShards(
  folder: string,
  work: ShardFolder,
  groups: readonly (readonly SizedTensor[])[],
  shardBytes: number,
  onKept: (tensors: number) => void,
): Promise<void> {
  const shards: SizedTensor[][] = [];
  let filled = Infinity;
  for (const group of groups) {
    const bytes = group.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (filled + bytes > shardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)!.push(...group);
    filled += bytes;
  }
  const make = async (file: string, shard: readonly SizedTensor[]): Promise<void> => {
    const isKept = await work.shard(file, async (path) => await writeSafetensors(path, shard, METADATA));
    if (isKept) onKept(shard.length);
  };
  if (shards.length <= 1) {
    await make("model.safetensors", shards[0] ?? []);
    await work.place("model.safetensors", folder);
    return;
  }
  const number = (value: number): string => String(value).padStart(5, "0");
  const weightMap: [name: string, file: string][] = [];
  let totalSize = 0;
  for (const [index, shard] of shards.entries()) {
    const file = `model-${number(index + 1)}-of-${number(shards.length)}.safetensors`;
    await make(file, shard);
    for (const { name, byteLength } of shard) {
      weightMap.push([name, file]);
      totalSize += byteLength;
    }
  }
  for (const file of new Set(weightMap.map(([, name]) => name))) await work.place(file, folder);
  // fromEntries defines keys and does not assign them: a tensor may have any name.
  const index = { metadata: { total_size: totalSize }, weight_map: Object.fromEntries(weightMap) };
  await replaceFile(join(folder, "model.safetensors.index.json"), `${JSON.stringify(index, null, 2)}\n`);
}
