/** Processes run the built package. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { initialiseModel } from "../initialise-model.js";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { makeMemoryGroup } from "../testing/memory-group.js";

vi.setConfig({ testTimeout: 600_000 });

const built = new URL("../../dist/index.js", import.meta.url).href;
const group = await makeMemoryGroup();
afterAll(async () => group?.remove());

/** What a run in the group came to. */
interface Outcome {
  readonly changes: readonly { readonly reason: string }[];
  readonly steps: readonly number[];
  readonly processes: number;
}

/** A model of so many layers that what they keep is most of what a run takes. */
async function deepModel(folder: string): Promise<string> {
  const { layer_types: _each, ...config } = JSON.parse(
    await readFile(join(tinyModel("qwen2"), "config.json"), "utf8"),
  ) as Record<string, unknown>;
  const like = join(folder, "like");
  await mkdir(like);
  await writeFile(join(like, "config.json"), JSON.stringify({ ...config, num_hidden_layers: 16 }));
  return await initialiseModel({ like, output: join(folder, "deep") });
}

it.skipIf(group === null)(
  "a run that its control group's limit ends goes on in a fresh process, one remedy further",
  async () => {
    const folder = await temporaryFolder();
    const model = await deepModel(folder);
    const rows = Array.from({ length: 48 }, (_, row) => {
      const ids = Array.from({ length: 500 }, (_unused, i) => (row * 31 + i * 7) % 320);
      return { input_ids: ids, labels: ids };
    });
    const data = await writeJsonl(join(folder, "rows.jsonl"), rows);
    const run = async (name: string, checkpointing: string): Promise<Outcome> => {
      const options = {
        model,
        data,
        output: join(folder, name),
        checkpointing,
        watched: true,
        samples: 0,
        train: { maxSteps: 2, batchSize: 24, saveEvery: 1 },
      };
      const program = join(folder, `${name}.mjs`);
      await writeFile(
        program,
        `import { finetuneWithinMemory } from ${JSON.stringify(built)};
const changes = [], steps = [];
let processes = 0;
const run = finetuneWithinMemory({
  ...${JSON.stringify(options)},
  onProcess: () => processes++,
  onEvent: ({ type, reason, settings }) => type === "out-of-memory" && changes.push({ reason, ...settings }),
});
for await (const { step } of run) steps.push(step);
console.log(JSON.stringify({ changes, steps, processes }));
`,
      );
      return JSON.parse(await group!.run(program)) as Outcome;
    };
    const peakOf = async (checkpointing: string): Promise<number> => {
      expect(await run(`free-${checkpointing}`, checkpointing)).toMatchObject({ changes: [], processes: 1 });
      return await group!.peakBytes();
    };
    const most = await peakOf("none");
    const least = await peakOf("block");
    expect(least).toBeLessThan(0.8 * most);
    await group!.limit(Math.round((most + least) / 2));
    expect(await run("limited", "none")).toEqual({
      changes: [{ reason: "killed", checkpointing: "block" }],
      steps: [1, 2],
      processes: 2,
    });
  },
);
