import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type LanguageModel, loadModel, loadTokenizer, openSafetensors, type Tokenizer } from "@lathe/model";
import { startEngine, tensorMemory } from "@lathe/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cosineSimilarity, embedTexts, textTokens } from "./embed-texts.js";

const fixtures = new URL("../../../model/fixtures/", import.meta.url);
const stories = fileURLToPath(new URL("stories260k/", fixtures));
const qwen = fileURLToPath(new URL("models/qwen2/", fixtures));

let model: LanguageModel;
let tokenizer: Tokenizer;
beforeAll(async () => {
  await startEngine("wasm");
  model = await loadModel(stories);
  tokenizer = (await loadTokenizer(stories))!;
});
afterAll(() => model.dispose());

const tokensOf = (text: string) => textTokens(text, tokenizer, 512);

describe("embedTexts", () => {
  it("gives the cosines of Transformers' states, computed together or alone", async () => {
    const file = fileURLToPath(new URL("../../fixtures/embeddings.json", import.meta.url));
    const { pairs } = JSON.parse(await readFile(file, "utf8")) as {
      readonly pairs: readonly { readonly texts: readonly string[]; readonly cosine: number }[];
    };
    const { tensors } = tensorMemory();
    const together = embedTexts(
      model,
      pairs.flatMap(({ texts }) => texts.map(tokensOf)),
    );
    for (const [place, { texts, cosine }] of pairs.entries()) {
      const [a, b] = together.slice(2 * place);
      expect(cosineSimilarity(a, b)).toBeCloseTo(cosine, 5);
      const alone = texts.map((text) => embedTexts(model, [tokensOf(text)])[0]);
      expect(cosineSimilarity(alone[0], alone[1])).toBeCloseTo(cosine, 5);
    }
    expect(tensorMemory().tensors).toBe(tensors);
  });

  it("is the mean of the last hidden states that Transformers recorded", async () => {
    const other = await loadModel(qwen);
    const states = await openSafetensors(`${qwen}expected.safetensors`);
    const hidden = await states.readFloat32("hidden_3");
    await states.close();
    const { input_ids } = JSON.parse(await readFile(`${qwen}expected.json`, "utf8")) as {
      input_ids: number[][];
    };
    const ids = Int32Array.from(input_ids[0]);
    const { hiddenSize } = other.config;
    const [mean] = embedTexts(other, [{ ids, start: 3, end: 11 }]);
    for (let column = 0; column < hiddenSize; column++) {
      let sum = 0;
      for (let token = 3; token < 11; token++) sum += hidden[token * hiddenSize + column];
      expect(mean[column]).toBeCloseTo(sum / 8, 4);
    }
    other.dispose();
  });

  it("knows what of the ids is the text's, cuts at the end, and has zeros for nothing", () => {
    const { ids, start, end, isCut } = tokensOf("Once upon a time");
    expect([start, end, isCut]).toEqual([1, ids.length, false]);
    expect(ids[0]).toBe(tokenizer.beginOfSequenceId);
    const cut = textTokens("Once upon a time", tokenizer, 3);
    expect(cut).toEqual({ ids: ids.slice(0, 3), start: 1, end: 3, isCut: true });
    const [nothing, something] = embedTexts(model, [tokensOf(""), tokensOf("Once")]);
    expect(nothing.every((value) => value === 0)).toBe(true);
    expect(cosineSimilarity(nothing, nothing)).toBe(1);
    expect(cosineSimilarity(nothing, something)).toBe(0);
    expect(embedTexts(model, [])).toEqual([]);
  });
});
