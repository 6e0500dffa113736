/** A part of what `node scripts/kill-ranks.mjs` tries, on the built command and Open MPI. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { makeApart } from "./apart.mjs";
import { killRanks } from "./kill-ranks.mjs";

const seed = 7;
const folder = mkdtempSync(join(tmpdir(), "lathe-kill-ranks-"));
const isLauncherThere = spawnSync("mpirun.openmpi", ["--version"]).status === 0;
const skipped = isLauncherThere ? "" : " (skipped: Open MPI is not installed)";
const apart = isLauncherThere ? makeApart(folder) : null;
afterAll(() => {
  apart?.remove();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!isLauncherThere)(`a run on two ranks${skipped}`, () => {
  it(`goes on to the same bits after a rank was killed (seed ${seed})`, { timeout: 600_000 }, async () => {
    const place = mkdtempSync(join(folder, "killed-"));
    const outcome = await killRanks({ kills: 1, cuts: 0, steps: 9, seed, apart: null, folder: place });
    expect(outcome.faults).toEqual([]);
    expect(outcome).toMatchObject({ kills: 1, runs: 1 });
  });

  it.skipIf(apart === null)(
    `goes on to the same bits after the link between two machines was cut (seed ${seed})${apart ? "" : " (skipped: no network namespaces can be made here)"}`,
    { timeout: 600_000 },
    async () => {
      const place = mkdtempSync(join(folder, "cut-"));
      const outcome = await killRanks({ kills: 0, cuts: 1, steps: 9, seed, apart, folder: place });
      expect(outcome.faults).toEqual([]);
      expect(outcome).toMatchObject({ cuts: 1, runs: 1 });
    },
  );
});
