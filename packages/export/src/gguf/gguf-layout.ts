import type { OnWarning } from "@lathe/files";
import type { OpenedSource } from "../source/open-source.js";
import type { NamedPlace } from "./gguf-names.js";
import type { GgufMetadata } from "./gguf-value.js";
import type { GgufTensorToWrite } from "./write-gguf.js";

/** A tensor of a file, without the format that it is stored in. */
export type PlacedTensor = NamedPlace & Omit<GgufTensorToWrite, "format">;

/** How a model lies in a GGUF file. */
export interface GgufLayout {
  /** What llama.cpp calls the architecture. */
  readonly architecture: string;
  /** The values that describe the model's shape. */
  readonly shape: GgufMetadata;
  /** Tensors in the order of the file; a tied head has none of its own. */
  readonly tensors: readonly PlacedTensor[];
}

/**
 * Lays out a model.
 * @param path of the model, for messages
 * @throws ExportError when a trait of the model has no place in GGUF
 */
export type LayOut = (source: OpenedSource, path: string, onWarning?: OnWarning) => GgufLayout;
