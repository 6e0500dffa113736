/** A run whose power is cut after every call to the file system, with all, nothing or some of what was not synced. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { threefry2x32 } from "@lathe/kernels";
import { fromTfjs, startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { layOut, RecordedDisk } from "../../files/testing/power-cut.js";
import { type Objective, RunFolder, train, type TrainConfig } from "./index.js";

type Row = number;

let folder: string;
let weight: tf.Variable;

beforeAll(() => startEngine("wasm", "fp32"));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lathe-power-cut-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** (w − x)², which is cheap and moves: what is tried is the folder. */
const distance = (variable: tf.Variable): Objective<Row, readonly Row[]> => ({
  identity: { name: "distance" },
  rowFault: () => null,
  rowBytes: (x) => [new Uint8Array(Float64Array.of(x).buffer)],
  batches: (microBatches) => microBatches,
  size: ({ length }) => ({ units: length, labelTokens: 0, tokens: length }),
  loss(batch) {
    const square = fromTfjs((w) =>
      tf.addN(batch.map((x) => tf.sum(tf.square(tf.sub(w, tf.tensor1d([x, -x])))))),
    );
    return square(variable) as tf.Scalar;
  },
});

const config: Partial<TrainConfig> = {
  batchSize: 2,
  gradientAccumulation: 1,
  maxSteps: 3,
  learningRate: 0.3,
  schedule: "constant",
  saveEvery: 0,
  keepCheckpoints: 1,
  evalEvery: 1,
  seed: 4,
};
const rows = { length: 7, row: (index: number) => Math.sin(index) };
const validation = { length: 1, row: () => 1.9 };

/**
 * Takes a run to its end, as a program does after a restart: the folder is opened where there is one and made otherwise.
 * @returns the step that it went on from, 0 from the start, and damaged checkpoints that were passed over
 */
async function finish(
  path: string,
  onCheckpoint: (step: number) => void = () => undefined,
): Promise<{ readonly from: number; readonly passedOver: number }> {
  const isBegun = readdirSync(path, { withFileTypes: true }).some(({ name }) => name === "checkpoints");
  const run = isBegun ? await RunFolder.open(path) : await RunFolder.create(path);
  const found = { from: 0, passedOver: 0 };
  weight = tf.variable(tf.tensor1d([3, -2]));
  try {
    const steps = train({
      parameters: [{ name: "weight", variable: weight }],
      objective: distance(weight),
      rows,
      validation,
      run,
      config,
      resume: isBegun,
      onResume({ state, passedOver }) {
        found.from = state.step;
        found.passedOver = passedOver.length;
      },
    });
    for await (const { step, checkpoint } of steps) if (checkpoint !== undefined) onCheckpoint(step);
    return found;
  } finally {
    weight.dispose();
    await run.close();
  }
}

/** What differs from run to run: times, memory, and where the run lies. */
const measured = /"(?:seconds|tokensPerSecond|\w*[bB]ytes|checkpoint)":(?:"[^"]*"|[\d.e+-]+),?/g;

/** All that a run has come to, by file. */
function endOf(path: string, at = ""): Record<string, string> {
  return Object.fromEntries(
    readdirSync(join(path, at), { withFileTypes: true }).flatMap((entry) => {
      const name = join(at, entry.name);
      if (entry.isDirectory()) return Object.entries(endOf(path, name));
      const text = readFileSync(join(path, name), "latin1");
      return [[name, name.endsWith(".jsonl") ? text.replaceAll(measured, "") : text]];
    }),
  );
}

function emptyFolder(name: string): string {
  const place = join(folder, name);
  mkdirSync(place);
  return place;
}

it("goes on to the same bits from the newest checkpoint that was finished, after every call", async () => {
  const place = emptyFolder("disk");
  const disk = await RecordedDisk.start(place);
  const finished: { readonly step: number; readonly calls: number }[] = [];
  try {
    await finish(place, (step) => finished.push({ step, calls: disk.callCount }));
  } finally {
    disk.stop();
  }
  const whole = endOf(place);
  // The lowest loss on the validation rows is not that of a step that is kept anyway.
  const steps = finished.map(({ step }) => step);
  expect(readdirSync(join(place, "checkpoints")).length).toBe(2);
  expect(steps).toEqual([1, 2, 3]);

  const seen = new Set<string>();
  const drawing = (call: number): (() => number) => {
    let drawn = 0;
    return () => threefry2x32([7, call], [drawn++, 0])[0] / 2 ** 32;
  };
  for (let call = 0; call <= disk.callCount; call++) {
    const least = finished.filter(({ calls }) => calls <= call).at(-1)?.step ?? 0;
    const cuts = { nothing: () => 1 - Number.EPSILON, all: () => 0, some: drawing(call) };
    for (const [left, random] of Object.entries(cuts)) {
      const state = disk.stateAfter(call, random);
      const key = JSON.stringify([least, ...state]);
      if (seen.has(key)) continue;
      seen.add(key);
      const after = emptyFolder("after");
      layOut(state, after);
      const what = `${left} of the unsynced is there, after call ${call} of ${disk.callCount}`;
      const { from, passedOver } = await finish(after);
      expect(from, what).toBeGreaterThanOrEqual(least);
      expect(passedOver, what).toBe(0);
      expect(endOf(after), what).toEqual(whole);
      rmSync(after, { recursive: true });
    }
  }
  expect(seen.size).toBeGreaterThan(disk.callCount);
});
