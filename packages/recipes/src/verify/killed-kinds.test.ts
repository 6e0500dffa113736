/** Runs of every kind in processes that are killed; they run the built package. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runKinds, trainOf } from "../testing/run-kinds.js";
import type { verifyResume as VerifyResume } from "./verify-resume.js";

const built = fileURLToPath(new URL("../../dist/index.js", import.meta.url));
const { verifyResume } = (await import(built)) as { verifyResume: typeof VerifyResume };

const KILLS = 2;

it.each(runKinds)(
  "%s is killed and comes to the same bits",
  async (_what, rows, options) => {
    const { model: _model, data: _data, validation: _validation, engine: _engine, ...kind } = options;
    const verification = await verifyResume({
      ...kind,
      model: tinyModel("qwen2"),
      data: await writeJsonl(join(await temporaryFolder(), "rows.jsonl"), rows),
      train: trainOf(options),
      kills: KILLS,
      steps: 4,
      killSeed: 7,
    });
    expect(verification).toEqual({ kills: KILLS, equal: true, steps: 4, difference: null });
  },
  240_000,
);
