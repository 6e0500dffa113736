/** Whole runs on a disk that loses what was not synced, or that is full: as the calls of a process would see it, and a real one. */
import { createHash } from "node:crypto";
import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { FullDisk } from "../../../files/testing/full-disk.js";
import { type DiskState, layOut, RecordedDisk } from "../../../files/testing/power-cut.js";
import type { FinetuneOptions } from "../finetune-options.js";
import type { RecipeEvent } from "../recipe-event.js";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { finish } from "../testing/finish.js";
import { mountSmallDisk } from "../testing/small-disk.js";
import { firstDifference } from "./first-difference.js";
import { randomNumbers } from "./random-numbers.js";

vi.setConfig({ testTimeout: 240_000 });

const STEPS = 9;
const SEED = 1;
const CUTS = 24;

let folder: string;
let whole: string;
let options: FinetuneOptions;
let count = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  whole = join(folder, "whole");
  const rows = Array.from({ length: 10 }, (_, row) => ({
    input_ids: Array.from({ length: 8 }, (_, i) => (row * 31 + i * 7) % 320),
  }));
  const data = await writeJsonl(join(folder, "rows.jsonl"), rows);
  options = {
    model: tinyModel("qwen2"),
    data,
    validation: data,
    lora: { dropout: 0.2 },
    tensorboard: true,
    train: {
      batchSize: 2,
      gradientAccumulation: 1,
      maxSteps: STEPS,
      learningRate: 0.01,
      saveEvery: 2,
      keepCheckpoints: 2,
      evalEvery: 3,
    },
  };
  await finish({ ...options, output: whole });
});

async function emptyFolder(): Promise<string> {
  const place = join(folder, `disk-${++count}`);
  await mkdir(place);
  return place;
}

/** Goes on with what is left of a run, or begins it where nothing is. @returns the step that it went on from, and damaged checkpoints */
async function goOn(output: string): Promise<{ readonly from: number; readonly passedOver: number }> {
  const entries = await readdir(output).catch((): string[] => []);
  const isBegun = entries.includes("config.json") && entries.includes("checkpoints");
  const events: RecipeEvent[] = [];
  const onEvent = (event: RecipeEvent): void => void events.push(event);
  const how = isBegun ? { resume: true } : { ...options, overwrite: entries.includes("checkpoints") };
  await finish({ ...how, output, onEvent });
  const from = events.find(({ type }) => type === "resuming") as { step: number } | undefined;
  return { from: from?.step ?? 0, passedOver: events.filter(({ type }) => type === "passed-over").length };
}

/**
 * What a reader of a run would stumble over after a power cut: what stands under its own name is all of it, as the complete run has it,
 * and with a checkpoint come the lines of its steps. The best checkpoint is there from when it was finished.
 * @param least step of the newest checkpoint that was finished
 */
function faultsOf(state: DiskState, complete: DiskState, least: number): string[] {
  const faults: string[] = [];
  const placed = [...state.keys()].filter((path) => path.startsWith("run/"));
  const contentsBelow = (of: DiskState, place: string): string =>
    JSON.stringify([...of].filter(([path]) => path === place || path.startsWith(`${place}/`)));
  const whole = ["run/adapter", "run/report.html", "run/report.json", "run/config.json"];
  for (const place of whole.filter((path) => placed.includes(path))) {
    if (contentsBelow(state, place) !== contentsBelow(complete, place)) faults.push(`${place} is not whole`);
  }
  const steps: number[] = [];
  for (const path of placed) {
    const step = /^run\/checkpoints\/step-(\d+)$/.exec(path)?.[1];
    if (step === undefined) continue;
    steps.push(Number(step));
    const hashes = JSON.parse(state.get(`${path}/state.json`) ?? '{"files":{"state.json":""}}') as {
      readonly files: Readonly<Record<string, string>>;
    };
    for (const [file, sha256] of Object.entries(hashes.files)) {
      const bytes = Buffer.from(state.get(`${path}/${file}`) ?? "", "latin1");
      if (createHash("sha256").update(bytes).digest("hex") !== sha256)
        faults.push(`${path}/${file} is damaged`);
    }
  }
  const newest = Math.max(0, ...steps);
  if (newest < least) faults.push(`step ${least} is lost`);
  const lines = (state.get("run/metrics.jsonl") ?? "").split("\n");
  for (let step = 1; step <= newest; step++) {
    if (!lines[step - 1]?.startsWith(`{"step":${step},`) || !lines[step - 1].endsWith("}")) {
      faults.push(`the line of step ${step} is lost`);
    }
  }
  return faults;
}

describe("a power cut that takes what was not synced", () => {
  it(`leaves a run that goes on to the same bits, from the newest checkpoint that was finished (seed ${SEED})`, async () => {
    const disk = await emptyFolder();
    const recorded = await RecordedDisk.start(disk);
    const finished: { readonly step: number; readonly calls: number }[] = [];
    try {
      await finish({ ...options, output: join(disk, "run") }, ({ step, checkpoint }) => {
        if (checkpoint !== undefined) finished.push({ step, calls: recorded.callCount });
      });
    } finally {
      recorded.stop();
    }
    expect(finished.length).toBeGreaterThan(3);
    const random = randomNumbers(SEED);
    const complete = recorded.stateAfter(recorded.callCount, () => 0);
    for (let call = 0; call <= recorded.callCount; call++) {
      const least = finished.filter(({ calls }) => calls <= call).at(-1)?.step ?? 0;
      for (const draw of [() => 1 - Number.EPSILON, () => 0, random]) {
        const faults = faultsOf(recorded.stateAfter(call, draw), complete, least);
        expect(faults, `after call ${call} of ${recorded.callCount}`).toEqual([]);
      }
    }
    for (let cut = 0; cut < CUTS; cut++) {
      const after = Math.floor(((cut + random()) / CUTS) * recorded.callCount);
      const place = await emptyFolder();
      layOut(recorded.stateAfter(after, random), place);
      const run = join(place, "run");
      const { from, passedOver } = await goOn(run);
      const least = finished.filter(({ calls }) => calls <= after).at(-1)?.step ?? 0;
      const what = `cut ${cut}, after call ${after} of ${recorded.callCount}`;
      expect(from, what).toBeGreaterThanOrEqual(least);
      expect(passedOver, what).toBe(0);
      expect(await firstDifference(whole, run, STEPS), what).toBeNull();
    }
  });
});

describe("a full disk", () => {
  it("ends a run with a sentence that names the file, and the run goes on to the same bits when there is space", async () => {
    let refusals = 0;
    for (let calls = 0; ; calls += 23) {
      const place = await emptyFolder();
      const output = join(place, "run");
      const disk = await FullDisk.start(place, calls);
      const end = await finish({ ...options, output }).then(
        () => null,
        (error: unknown) => error as Error,
      );
      disk.stop();
      if (!disk.isFull) break;
      refusals++;
      const what = `full after ${calls} calls`;
      expect(end, what).toMatchObject({ name: "FileError" });
      expect(end?.message, what).toMatch(/run.*: cannot be (made|written): no space is left on the device/);
      await goOn(output);
      expect(await firstDifference(whole, output, STEPS), what).toBeNull();
    }
    expect(refusals).toBeGreaterThan(10);
  });
});

/** Bytes that files take on a disk of pages. */
async function bytesOnDisk(place: string): Promise<number> {
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  return sizes.reduce((sum, size) => sum + Math.ceil(size / PAGE) * PAGE, 0);
}

const PAGE = 4096;

const tried = await mountSmallDisk(join(await temporaryFolder(), "tried"), PAGE);
await tried?.remove();

describe.skipIf(tried === null)("a small disk of the system's own", () => {
  it.each([0.15, 0.35, 0.55, 0.75, 0.95])(
    "that has %f of the room of a run keeps its checkpoints, and the run goes on to the same bits when it is larger",
    async (share) => {
      const bytes = Math.floor(share * (await bytesOnDisk(whole)));
      const disk = (await mountSmallDisk(join(folder, `small-${++count}`), bytes))!;
      try {
        const output = join(disk.place, "run");
        const finished: number[] = [];
        const end = await finish({ ...options, output }, ({ step, checkpoint }) => {
          if (checkpoint !== undefined) finished.push(step);
        }).then(
          () => null,
          (error: unknown) => error as Error,
        );
        expect(end).toMatchObject({ name: "FileError" });
        expect(end?.message).toMatch(/run.*: cannot be (made|written): no space is left on the device/);
        expect(end?.message).not.toContain("\n");
        await disk.resize(2 ** 26);
        const { from, passedOver } = await goOn(output);
        expect(from).toBeGreaterThanOrEqual(finished.at(-1) ?? 0);
        expect(passedOver).toBe(0);
        expect(await firstDifference(whole, output, STEPS)).toBeNull();
      } finally {
        await disk.remove();
      }
    },
  );
});
