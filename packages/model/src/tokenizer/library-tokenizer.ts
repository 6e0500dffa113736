import { ByteFallbackDecoder, Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";

/**
 * What is used of the library's tokenizer. Written out here because the library's own declarations import each other in
 * a way that TypeScript does not resolve under Node's module rules.
 */
export interface LibraryTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: (number | undefined)[] };
  decode(ids: number[], options: { clean_up_tokenization_spaces: boolean }): string;
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  readonly decoder: LibraryDecoder | null;
}

interface LibraryDecoder {
  decoders?: LibraryDecoder[];
  text_decoder?: TextDecoder;
}

/**
 * A tokenizer of the library from the values of tokenizer.json and tokenizer_config.json.
 * @throws whatever the library throws on values it cannot use
 */
export function createLibraryTokenizer(json: object, config: object): LibraryTokenizer {
  // Keys that the reference implementation lets a file leave out.
  const complete = {
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
  };
  const library = new HuggingFaceTokenizer({ ...complete, ...json }, config) as LibraryTokenizer;
  keepByteOrderMarks(library.decoder);
  return library;
}

/** The library's byte-fallback decoder drops a U+FEFF at the start of a run of byte tokens; the reference keeps it. */
function keepByteOrderMarks(decoder: LibraryDecoder | null): void {
  if (decoder === null) return;
  if (decoder instanceof ByteFallbackDecoder) {
    (decoder as LibraryDecoder).text_decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  }
  for (const inner of decoder.decoders ?? []) keepByteOrderMarks(inner);
}
