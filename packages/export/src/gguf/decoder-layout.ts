import { type DecoderConfig, elementCount } from "@lathe/model";
import type { MergedTensor } from "@lathe/peft";
import type { OpenedSource } from "../source/open-source.js";
import { ggufArchitecture, ROPE_FACTORS, ropeFactors, shapeMetadata } from "./gguf-architecture.js";
import type { GgufLayout, PlacedTensor } from "./gguf-layout.js";
import { ggufNames, type NamedPlace } from "./gguf-names.js";
import { halvesToPairs } from "./turn-pairs.js";

/**
 * How a pre-norm decoder lies in a GGUF file.
 * @param path of the model, for messages
 * @throws ExportError when a trait of the model has no place there
 */
export function decoderLayout(source: OpenedSource, path: string): GgufLayout {
  const { traits, decoder } = ggufArchitecture(source.config, path);
  const headSize = traits.turnsPairs ? decoder.headSize : null;
  const tensors = [...ggufNames(source.config)]
    .filter(([, { word }]) => word !== "output" || !source.isTied)
    .map(([name, place]) => placed(source.tensors.get(name)!, place, headSize));
  return {
    architecture: decoder.architecture,
    shape: shapeMetadata(decoder, traits),
    tensors: [...tensors, ...rotaryFactors(decoder)],
  };
}

/** @param headSize rows of a head that are turned; null where none are */
function placed(tensor: MergedTensor, place: NamedPlace, headSize: number | null): PlacedTensor {
  const { shape } = tensor;
  if (headSize === null || (place.word !== "attn_q" && place.word !== "attn_k")) {
    return { ...place, shape, read: (rows) => tensor.read(rows) };
  }
  const columns = elementCount(shape.slice(1));
  return {
    ...place,
    shape,
    rowsTogether: headSize,
    read: async (rows) => halvesToPairs(await tensor.read(rows), headSize, columns),
  };
}

function rotaryFactors(decoder: DecoderConfig): PlacedTensor[] {
  const factors = ropeFactors(decoder);
  if (factors === null) return [];
  const read = ({ start, end }: { readonly start: number; readonly end: number }): Promise<Float32Array> =>
    Promise.resolve(factors.slice(start, end));
  return [{ name: ROPE_FACTORS, word: "rope_freqs", layer: null, shape: [factors.length], read }];
}
