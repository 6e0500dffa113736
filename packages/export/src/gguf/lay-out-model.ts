import { type OnWarning, phrase } from "@lathe/files";
import { ExportError } from "../errors.js";
import type { OpenedSource } from "../source/open-source.js";
import { decoderLayout } from "./decoder-layout.js";
import { ggufArchitectureNames } from "./gguf-architecture.js";
import type { GgufLayout, LayOut } from "./gguf-layout.js";
import { latentMixtureLayout } from "./latent-mixture-layout.js";

const layouts: ReadonlyMap<string, LayOut> = new Map([
  ...ggufArchitectureNames.map((name): [string, LayOut] => [name, decoderLayout]),
  ["deepseek_v3", latentMixtureLayout],
  ["kimi_k2", latentMixtureLayout],
  ["glm4_moe_lite", latentMixtureLayout],
]);

/**
 * How a model lies in a GGUF file.
 * @param path of the model, for messages
 * @throws ExportError when the architecture, or a trait of the model, has no place in GGUF
 */
export function layOutModel(source: OpenedSource, path: string, onWarning?: OnWarning): GgufLayout {
  const { architecture } = source.config;
  const layOut = layouts.get(architecture);
  if (layOut) return layOut(source, path, onWarning);
  throw new ExportError({
    path,
    part: "model_type",
    expected: phrase`one of ${[...layouts.keys()].join(", ")} for GGUF`,
    actual: architecture,
    remedy: "export it as merged safetensors",
  });
}
