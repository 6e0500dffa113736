import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { blockInputs } from "../../testing/block-inputs.js";
import { blockFormatNames, blockFormats } from "./blocks.js";

const recorded = JSON.parse(
  readFileSync(new URL("../../../fixtures/blocks.json", import.meta.url), "utf8"),
) as Record<string, { blocks: string; decoded: string }>;

const roundTrip = (name: keyof typeof blockFormats, values: Float32Array): [Uint8Array, Float32Array] => {
  const format = blockFormats[name];
  const bytes = new Uint8Array((values.length / format.values) * format.bytes);
  format.encode(values, bytes);
  const decoded = new Float32Array(values.length);
  format.decode(bytes, decoded);
  return [bytes, decoded];
};

describe("formats of blocks", () => {
  it.each(["Q8_0", "Q4_0", "Q5_0", "Q4_K", "Q6_K"] as const)(
    "%s has the bytes of ggml_quantize_chunk and the numbers of Python's gguf",
    (name) => {
      const { blocks, decoded } = recorded[name.toLowerCase()];
      const values = blockInputs();
      const [bytes, back] = roundTrip(name, values);
      const expected = Buffer.from(blocks, "base64");
      const { bytes: size } = blockFormats[name];
      const different = Array.from({ length: bytes.length / size }, (_, i) => i).filter(
        (i) => !expected.subarray(i * size, (i + 1) * size).equals(bytes.subarray(i * size, (i + 1) * size)),
      );
      expect(different).toEqual([]);
      expect(createHash("sha256").update(new Uint8Array(back.buffer)).digest("hex")).toBe(decoded);
    },
  );

  it.each(blockFormatNames)("%s: what was decoded is encoded to itself within a step", (name) => {
    const values = blockInputs();
    const [, once] = roundTrip(name, values);
    const relative = {
      F32: 0,
      F16: 2 ** -11,
      BF16: 2 ** -8,
      Q8_0: 1 / 254 + 2 ** -11,
      Q5_0: 1 / 15,
      Q4_0: 1 / 7,
    };
    const bound = { ...relative, Q6_K: 1 / 30, Q4_K: 1 / 7 }[name];
    for (let start = 0; start < values.length; start += 256) {
      const block = values.subarray(start, start + 256);
      const most = block.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      // Smaller than float16 can say: scales of such blocks are zero or rounded.
      const floor = 2 ** -24 * 32;
      block.forEach((value, i) => {
        expect(Math.abs(once[start + i] - value)).toBeLessThanOrEqual(bound * most + floor);
      });
    }
  });
});
