import { statIfThere } from "@lathe/files";
import { link, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bf16Folder } from "../load/model-folders.js";
import { modelSizes, type ModelSize } from "../shared/model-sizes.js";

/** Characters that byte-level tokenizers write bytes as: themselves where they can be seen, else those from U+0100 on. */
function byteCharacters(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const isSeen = (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
    return String.fromCharCode(isSeen ? byte : next++);
  });
}

/** A tokenizer in which each id has a text: bytes, then words that are never encoded. */
function tokenizerJson(vocabularySize: number): object {
  const bytes = byteCharacters();
  const words = Array.from({ length: vocabularySize - bytes.length }, (_, word) => `${bytes[32]}w${word}`);
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries([...bytes, ...words].map((token, id) => [token, id])),
      merges: [],
    },
  };
}

/** A folder of random weights in bf16 with a tokenizer, whose replies never end by themselves; written once and kept. */
export async function randomServedFolder(cache: string, size: ModelSize): Promise<string> {
  const source = await bf16Folder(cache, size);
  const folder = `${source}-served`;
  if ((await statIfThere(folder)) !== null) return folder;
  const beside = `${folder}.${process.pid}.tmp`;
  await mkdir(beside);
  try {
    for (const file of ["config.json", "model.safetensors"]) {
      await link(join(source, file), join(beside, file));
    }
    const tokenizer = JSON.stringify(tokenizerJson(modelSizes[size].vocabularySize));
    await writeFile(join(beside, "tokenizer.json"), tokenizer);
    await rename(beside, folder);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw error;
  }
  return folder;
}
