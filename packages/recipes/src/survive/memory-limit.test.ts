/** Processes run the built package. */
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
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
  /** Most addresses that the process which began the run had, and most memory. */
  readonly addressKiB: number;
  readonly residentKiB: number;
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

/** Rows of which a micro-batch takes much more than what it is trained with. */
async function longRows(folder: string): Promise<string> {
  const rows = Array.from({ length: 48 }, (_, row) => {
    const ids = Array.from({ length: 500 }, (_unused, i) => (row * 31 + i * 7) % 320);
    return { input_ids: ids, labels: ids };
  });
  return await writeJsonl(join(folder, "rows.jsonl"), rows);
}

/** Writes a program that takes a run to its end and prints its {@link Outcome}. */
async function programOf(options: { readonly output: string }): Promise<string> {
  const program = `${options.output}.mjs`;
  await writeFile(
    program,
    `import { readFileSync } from "node:fs";
import { finetuneWithinMemory } from ${JSON.stringify(built)};
const changes = [], steps = [];
let processes = 0;
const run = finetuneWithinMemory({
  ...${JSON.stringify(options)},
  onProcess: () => processes++,
  onEvent: ({ type, reason, settings }) => type === "out-of-memory" && changes.push({ reason, ...settings }),
});
for await (const { step } of run) steps.push(step);
const status = readFileSync("/proc/self/status", "utf8");
const [addressKiB, residentKiB] = ["VmPeak", "VmHWM"].map((key) => Number(new RegExp(key + ":[^0-9]*([0-9]+)").exec(status)[1]));
console.log(JSON.stringify({ changes, steps, processes, addressKiB, residentKiB }));
`,
  );
  return program;
}

it.skipIf(group === null)(
  "a run that its control group's limit ends goes on in a fresh process, one remedy further",
  async () => {
    const folder = await temporaryFolder();
    const model = await deepModel(folder);
    const data = await longRows(folder);
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
      return JSON.parse(await group!.run(await programOf(options))) as Outcome;
    };
    const peakOf = async (checkpointing: string): Promise<number> => {
      expect(await run(`free-${checkpointing}`, checkpointing)).toMatchObject({ changes: [], processes: 1 });
      return await group!.peakBytes();
    };
    const most = await peakOf("none");
    const least = await peakOf("block");
    expect(least).toBeLessThan(0.8 * most);
    await group!.limit(Math.round((most + least) / 2));
    expect(await run("limited", "none")).toMatchObject({
      changes: [{ reason: "killed", checkpointing: "block" }],
      steps: [1, 2],
      processes: 2,
    });
  },
);

it.skipIf(process.platform !== "linux")(
  "a run that is refused addresses (ulimit -v) goes on in a fresh process under the same limit, one remedy further",
  async () => {
    const folder = await temporaryFolder();
    const shared = {
      model: await deepModel(folder),
      data: await longRows(folder),
      watched: false,
      samples: 0,
    };
    const run = async (
      name: string,
      checkpointing: string,
      maxSteps: number,
      limitKiB: string,
    ): Promise<Outcome> => {
      const train = { maxSteps, batchSize: 24, saveEvery: 1 };
      const options = { ...shared, train, checkpointing, output: join(folder, name) };
      const program = await programOf(options);
      const words = ["-c", 'ulimit -v "$0" && exec "$1" "$2"', limitKiB, process.execPath, program];
      // Threads that allocate at one moment are given 64 MiB of addresses each, in some runs more of them than in others.
      const env = { ...process.env, MALLOC_ARENA_MAX: "1" };
      return JSON.parse((await promisify(execFile)("/bin/sh", words, { env })).stdout) as Outcome;
    };
    const most = await run("free-none", "none", 1, "unlimited");
    const least = await run("free-block", "block", 1, "unlimited");
    expect([most.changes, least.changes]).toEqual([[], []]);
    const between = Math.round(most.addressKiB - (most.residentKiB - least.residentKiB) / 2);
    expect(await run("limited", "none", 2, String(between))).toMatchObject({
      changes: [{ reason: "refused", checkpointing: "block" }],
      steps: [1, 2],
      processes: 1,
    });
  },
);
