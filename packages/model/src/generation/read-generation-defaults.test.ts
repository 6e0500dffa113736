import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readGenerationDefaults } from "./read-generation-defaults.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-generation-defaults-"));
});
afterEach(() => rm(folder, { recursive: true }));

const read = async (config: unknown) => {
  await writeFile(
    join(folder, "generation_config.json"),
    typeof config === "string" ? config : JSON.stringify(config),
  );
  return readGenerationDefaults(folder);
};

describe("readGenerationDefaults", () => {
  it("takes what DeepSeek-R1's distillations and Qwen2.5 ship", async () => {
    expect(
      await read({
        _from_model_config: true,
        bos_token_id: 151646,
        do_sample: true,
        eos_token_id: 151643,
        temperature: 0.6,
        top_p: 0.95,
      }),
    ).toEqual({ sampling: { temperature: 0.6, topK: 50, topP: 0.95 }, ignored: [] });
    expect(
      await read({
        do_sample: true,
        repetition_penalty: 1.1,
        temperature: 0.7,
        top_p: 0.8,
        top_k: 20,
        eos_token_id: [1, 2],
      }),
    ).toEqual({
      sampling: { temperature: 0.7, topK: 20, topP: 0.8, repetitionPenalty: 1.1 },
      ignored: [],
    });
  });

  it.each([
    [{ do_sample: true }, { temperature: 1, topK: 50, topP: 1 }],
    [
      { do_sample: true, top_k: 0, temperature: 0.5 },
      { temperature: 0.5, topK: 0, topP: 1 },
    ],
    [
      { do_sample: true, top_k: -1 },
      { temperature: 1, topK: 0, topP: 1 },
    ],
    [
      { do_sample: true, temperature: null, top_k: null },
      { temperature: 1, topK: 50, topP: 1 },
    ],
    // Without do_sample Transformers takes the likeliest token, whatever else the file says.
    [{ temperature: 0.6, top_p: 0.95, top_k: 20 }, {}],
    [{ do_sample: false, temperature: 0.6, repetition_penalty: 1.2 }, { repetitionPenalty: 1.2 }],
    [{ do_sample: null, repetition_penalty: 1 }, {}],
    [{}, {}],
  ])("reads %j as Transformers does", async (config, sampling) => {
    expect(await read(config)).toEqual({ sampling, ignored: [] });
  });

  it("asks for nothing where there is no file", async () => {
    expect(await readGenerationDefaults(folder)).toEqual({ sampling: {}, ignored: [] });
  });

  it("tells what it does not follow, and nothing of what has no effect", async () => {
    const { ignored } = await read({
      do_sample: true,
      min_p: 0.05,
      typical_p: 1,
      num_beams: 4,
      no_repeat_ngram_size: 0,
      suppress_tokens: [],
      bad_words_ids: [[1, 2]],
      sequence_bias: {},
      guidance_scale: null,
      transformers_version: "4.37.0",
    });
    expect(ignored).toEqual([
      { key: "min_p", value: 0.05 },
      { key: "num_beams", value: 4 },
      { key: "bad_words_ids", value: [[1, 2]] },
    ]);
  });

  it.each([
    [{ do_sample: "yes" }, /key "do_sample": expected true or false, .*"yes"/],
    [{ do_sample: true, temperature: "hot" }, /key "temperature": expected a number from 0/],
    [{ do_sample: true, temperature: -1 }, /key "temperature": expected a number from 0/],
    [{ do_sample: true, top_k: 1.5 }, /key "top_k": expected a whole number from 0/],
    [{ do_sample: true, top_p: 0 }, /key "top_p": expected a number above 0, at most 1/],
    [{ do_sample: true, top_p: 1.1 }, /key "top_p"/],
    [{ repetition_penalty: 0 }, /key "repetition_penalty": expected a number above 0/],
    [[], /generation_config\.json: expected an object/],
    ["{", /generation_config\.json: expected JSON/],
  ])("refuses %j by name", async (config, message) => {
    const refused = read(config);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ name: "ModelConfigError" });
  });
});
