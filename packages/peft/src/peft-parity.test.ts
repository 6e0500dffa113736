/** Adapters trained by PEFT 0.21 (fixtures/README.md says how) against the logits that PEFT has with them. */
import { readFile } from "node:fs/promises";
import { startEngine } from "@lathe/tensor";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LanguageModel } from "@lathe/model";
import { detach } from "./attach.js";
import { loadAdapter } from "./load-adapter.js";
import { merge, unmerge } from "./merge.js";
import { enginesHere, largestDifference, loadFixture, logitsOf, packagePath } from "./testing.js";

const TOLERANCE = 2e-4;

const runs = [
  { run: "qwen2-qv", base: "qwen2" },
  { run: "qwen2-all-rs", base: "qwen2" },
  { run: "llama-dora", base: "llama" },
  { run: "qwen3-pattern", base: "qwen3" },
  { run: "qwen3_moe-qkvo", base: "qwen3_moe" },
  { run: "deepseek_v3-mla", base: "deepseek_v3" },
];

interface Expected {
  readonly probe_input_ids: number[];
  readonly probe_logits_last: number[];
  readonly probe_logits_last_merged: number[];
}

let model: LanguageModel;

const engines = await enginesHere();

afterEach(() => model.dispose());

describe.each(engines.flatMap((engine) => runs.map((entry) => ({ engine, ...entry }))))(
  "$run on $engine",
  ({ engine, run, base }) => {
    beforeAll(async () => {
      await startEngine(engine, "fp32");
    });

    const folder = packagePath(`fixtures/lora/${run}`);
    const readExpected = async (): Promise<Expected> =>
      JSON.parse(await readFile(`${folder}/expected.json`, "utf8")) as Expected;

    it(`has PEFT's logits with the trained adapter, merged and unmerged, within ${TOLERANCE}`, async () => {
      const expected = await readExpected();
      const ids = expected.probe_input_ids;
      model = await loadFixture(base);
      const plain = logitsOf(model, ids);
      const last = (logits: Float32Array): Float32Array => logits.slice(-expected.probe_logits_last.length);

      await loadAdapter(model, `${folder}/adapter_end`);
      const adapted = logitsOf(model, ids);
      expect(largestDifference(last(adapted), expected.probe_logits_last)).toBeLessThan(TOLERANCE);
      expect(largestDifference(last(adapted), last(plain))).toBeGreaterThan(100 * TOLERANCE);

      merge(model);
      expect(largestDifference(last(logitsOf(model, ids)), expected.probe_logits_last_merged)).toBeLessThan(
        TOLERANCE,
      );

      unmerge(model);
      expect(logitsOf(model, ids)).toEqual(adapted);
      detach(model);
      expect(logitsOf(model, ids)).toEqual(plain);
    });
  },
);
