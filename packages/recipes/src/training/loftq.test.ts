import { dequantize } from "@lathe/quant";
import type { LoraTarget } from "@lathe/peft";
import { startEngine } from "@lathe/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { seededFloats } from "../../../tensor/testing/seeded-floats.js";
import { loftqStart } from "./loftq.js";

const SEED = Number(process.env["TEST_SEED"] ?? 2310);

const targetOf = (rank: number): LoraTarget => ({
  path: "model.layers.0.self_attn.q_proj",
  name: "q_proj",
  weight: "model.layers.0.self_attn.q_proj.weight",
  bias: null,
  roles: ["query"],
  block: "attention",
  layer: 0,
  tokenShare: 1,
  expert: null,
  division: null,
  shape: [48, 64],
  rank,
  alpha: 2 * rank,
  scale: 2,
});

describe(`loftqStart (seed ${SEED})`, () => {
  beforeAll(() => startEngine("auto", "fp32"));

  const weight = seededFloats(SEED)(48 * 64);
  const errorOf = (rank: number): { alone: number; together: number } => {
    const { matrix, factors } = loftqStart(weight, targetOf(rank), 1);
    const packed = dequantize(matrix);
    let [alone, together] = [0, 0];
    for (let o = 0; o < 48; o++) {
      for (let i = 0; i < 64; i++) {
        let update = 0;
        for (let k = 0; k < rank; k++) update += factors.b[o * rank + k] * factors.a[k * 64 + i];
        const lost = weight[o * 64 + i] - packed[o * 64 + i];
        alone += lost * lost;
        together += (lost - 2 * update) ** 2;
      }
    }
    return { alone, together };
  };

  it("comes nearer to the weight than the packed matrix alone, the more so the higher the rank", () => {
    const errors = [2, 8, 24].map(errorOf);
    for (const { alone, together } of errors) expect(together).toBeLessThan(alone);
    expect(errors[1].together).toBeLessThan(errors[0].together);
    expect(errors[2].together).toBeLessThan(errors[1].together);
  });

  it("gives the same bits again", () => {
    expect(loftqStart(weight, targetOf(4), 1)).toEqual(loftqStart(weight, targetOf(4), 1));
  });
});
