/** A part of what `node scripts/kill-harness.mjs` tries, on the built command. */

import { expect, it } from "vitest";
import { killHarness } from "./kill-harness.mjs";

const seed = 5;

it(
  `goes on to the same bits after 20 kills and 4 damaged checkpoints (seed ${seed})`,
  { timeout: 240_000 },
  async () => {
    const { kills, damages, runs, faults } = await killHarness({ kills: 20, damages: 4, steps: 80, seed });
    expect(faults).toEqual([]);
    expect(kills).toBeGreaterThanOrEqual(20);
    expect(damages).toBe(4);
    expect(runs).toBeGreaterThan(damages);
  },
);
