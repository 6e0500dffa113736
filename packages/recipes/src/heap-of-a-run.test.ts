import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { listEngines } from "@lathe/tensor";
import { expect, it } from "vitest";
import { finetune } from "./finetune.js";
import type { FinetuneOptions } from "./finetune-options.js";
import { temporaryFolder, tinyModel, writeJsonl } from "./testing/folders.js";

const reason = await listEngines()
  .find(({ name }) => name === "native")!
  .probe();

/** Steps in which the code of a run is compiled, and steps after them. */
const [WARM, COUNTED] = [300, 300];

/** Dead bytes a step among the old objects: V8 gives them back when it next collects everything, and a run grows until then. */
async function leftBehind(options: FinetuneOptions): Promise<number> {
  setFlagsFromString("--expose-gc");
  setFlagsFromString("--no-flush-bytecode");
  // Now and then V8 takes objects of every step for long-lived ones and makes them old at once: what is counted here is what became old.
  setFlagsFromString("--no-allocation-site-pretenuring");
  const collect = runInNewContext("gc") as (options?: { readonly type: "minor" }) => void;
  const oldBytes = (): number =>
    getHeapSpaceStatistics().find(({ space_name: name }) => name === "old_space")!.space_used_size;
  const train = { maxSteps: WARM + COUNTED, batchSize: 2, gradientAccumulation: 1, ...options.train };
  for await (const { step } of finetune({ ...options, engine: "native", samples: 0, train })) {
    if (step === WARM) collect();
    if (step !== WARM + COUNTED) continue;
    // What is under way is old after two of them, and is not dead.
    for (let i = 0; i < 2; i++) collect({ type: "minor" });
    const before = oldBytes();
    collect();
    return (before - oldBytes()) / COUNTED;
  }
  throw new Error("the run ended early");
}

const ids = (row: number, length: number): number[] =>
  Array.from({ length }, (_, i) => (row * 31 + i * 7) % 320);
const rows = Array.from({ length: 32 }, (_, row) => ({ input_ids: ids(row, 4 + ((row * 7) % 20)) }));
const pairs = Array.from({ length: 16 }, (_, row) => ({
  prompt_ids: ids(row, 5),
  chosen_ids: ids(row + 1, 6),
  rejected_ids: ids(row + 2, 7),
}));

it.skipIf(reason !== null).each<[what: string, rows: object[], options: FinetuneOptions]>([
  ["LoRA", rows, { lora: { dropout: 0.1 } }],
  ["DPO", pairs, { objective: "dpo" }],
])(
  "a run of %s leaves next to nothing among the old objects of JavaScript",
  async (_what, given, options) => {
    const folder = await temporaryFolder();
    const data = await writeJsonl(`${folder}/rows.jsonl`, given);
    const bytes = await leftBehind({ ...options, model: tinyModel("qwen2"), data, output: `${folder}/run` });
    // An object literal that begins with `...` and adds properties makes a hidden class each time, of 200 to 300 bytes among the old
    // objects. Where the kernels' options were such, it was 17,000 a step here; what is left is code that is compiled on the way.
    expect(bytes).toBeLessThan(6000);
  },
  120_000,
);
