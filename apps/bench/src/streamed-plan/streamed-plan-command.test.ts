import { expectedTensors, parseModelConfig } from "@lathe/model";
import { expect, it } from "vitest";
import { scaledR1Config } from "./scaled-r1-folder.js";
import { streamedComparison, streamedPlanTable } from "./streamed-plan-command.js";
import type { StreamedPlanOutcome } from "./streamed-plan-job.js";

it("shows how far plan and run are apart, with signs, and the plan as three steps corrected it", () => {
  const plan = { bytesPerStep: 90, pace: { secondsPerStep: 2.2, tokensPerHour: 1 } };
  const outcome = { plan, bytesPerStep: 100, secondsPerStep: 2 } as unknown as StreamedPlanOutcome;
  const { rows } = streamedPlanTable(streamedComparison({ ...outcome, corrected: null }));
  expect(rows).toEqual([
    ["bytes a step", "90.00", "100.0", "-10.0 %"],
    ["seconds a step", "2.200", "2.000", "+10.0 %"],
  ]);
  // Of the steps after those that it was corrected by.
  const corrected = { plannedSecondsPerStep: 1.9, secondsPerStep: 1.8 };
  expect(streamedComparison({ ...outcome, corrected })[2]).toMatchObject({ planned: 1.9, measured: 1.8 });
});

it("has DeepSeek-R1's kinds of layers: a dense one, and mixtures with groups and a shared expert", () => {
  const names = [...expectedTensors(parseModelConfig(scaledR1Config, "config.json")).keys()];
  for (const name of [
    "layers.0.mlp.gate_proj.weight",
    "layers.1.mlp.experts.31.down_proj.weight",
    "layers.5.mlp.shared_experts.up_proj.weight",
    "layers.5.mlp.gate.e_score_correction_bias",
    "layers.5.self_attn.kv_a_proj_with_mqa.weight",
  ]) {
    expect(names, name).toContain(`model.${name}`);
  }
});
