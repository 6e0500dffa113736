import { flatBatch, type LanguageModel, type Tokenizer, UNSCORED } from "@lathe/model";

/** A text as a model reads it. */
export interface TextTokens {
  readonly ids: Int32Array;
  /** First and last + 1 of the ids that are the text's own: those that frame it lie outside. */
  readonly start: number;
  readonly end: number;
}

/**
 * The ids of a text with those that the tokenizer frames it with, such as one that begins it.
 * @param limit ids at most; the text is cut at its end
 */
export function textTokens(
  text: string,
  tokenizer: Pick<Tokenizer, "encode">,
  limit: number,
): TextTokens & { readonly isCut: boolean } {
  const own = tokenizer.encode(text, { addSpecialTokens: false });
  const framed = tokenizer.encode(text);
  const extra = framed.length - own.length;
  let start = 0;
  while (start < extra && !own.every((id, place) => framed[start + place] === id)) start++;
  const end = start + own.length;
  const isCut = framed.length > limit;
  return {
    ids: Int32Array.from(framed.slice(0, limit)),
    start: Math.min(start, limit),
    end: Math.min(end, limit),
    isCut,
  };
}

/**
 * What a model makes of texts: the mean of its last hidden states, those after the final norm, over the tokens of each text.
 *
 * @param texts computed together, each by itself
 * @returns `[text][h]`; zeros for a text without a token
 */
export function embedTexts(model: LanguageModel, texts: readonly TextTokens[]): Float64Array[] {
  const width = model.config.hiddenSize;
  const batch = flatBatch(
    texts.map(({ ids }) => ({ inputIds: ids, labels: new Int32Array(ids.length).fill(UNSCORED) })),
  );
  const means = texts.map(() => new Float64Array(width));
  if (batch.tokens.length === 0) return means;
  const values = model.hiddenValues(batch);
  let offset = 0;
  for (const [place, { ids, start, end }] of texts.entries()) {
    const mean = means[place];
    for (let token = offset + start; token < offset + end; token++) {
      for (let column = 0; column < width; column++) {
        mean[column] += values[token * width + column] / (end - start);
      }
    }
    offset += ids.length;
  }
  return means;
}

/** Cosine of two vectors: 1 where both are zeros, 0 where one is. @returns -1 to 1 */
export function cosineSimilarity(a: Float64Array, b: Float64Array): number {
  let [dot, squareA, squareB] = [0, 0, 0];
  for (let place = 0; place < a.length; place++) {
    dot += a[place] * b[place];
    squareA += a[place] ** 2;
    squareB += b[place] ** 2;
  }
  if (squareA === 0 || squareB === 0) return squareA === squareB ? 1 : 0;
  return dot / Math.sqrt(squareA * squareB);
}
