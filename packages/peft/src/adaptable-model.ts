import type { LanguageModel } from "@lathe/model";

/** What adapters need of a model: its parts by name, and ways to exchange one. A {@link LanguageModel} has them. */
export type AdaptableModel = Pick<
  LanguageModel,
  | "config"
  | "linears"
  | "replaceLinear"
  | "embedding"
  | "embeddingName"
  | "replaceEmbedding"
  | "vectors"
  | "replaceVector"
  | "revise"
>;
