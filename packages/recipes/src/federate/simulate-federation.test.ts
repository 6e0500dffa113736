/** Federations of a tiny model on this machine, through the real mailbox and the real rounds. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openAdapterFile } from "@lathe/federated";
import { OutputFolderError, sayPhrase, type ToldTable } from "@lathe/files";
import { beforeAll, describe, expect, it } from "vitest";
import { evaluateModel } from "../evaluate-model.js";
import { finish } from "../testing/finish.js";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { attacks } from "./hostile-adapter.js";
import {
  type SimulatedRound,
  simulateFederation,
  type SimulateFederationOptions,
  type SimulationSummary,
} from "./simulate-federation.js";
import { tellFederation } from "./tell-federation.js";

const model = tinyModel("qwen2");

/** Rows of four topics, which begin with unlike tokens and end alike, with as many labels each. */
const rows = Array.from({ length: 48 }, (_, row) => {
  const topic = row % 4;
  const ids = [40 + topic * 60 + ((row * 7) % 50), 11, 12, 13, 7, 8, 9, 10];
  return { input_ids: ids, labels: ids.map((id, i) => (i < 4 ? -100 : id)), topic: `t${topic}` };
});

let folder: string;
let data: string;
let count = 0;
beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeJsonl(join(folder, "rows.jsonl"), rows);
});

const lora = { rank: 4, dropout: 0 };

async function simulate(options: Partial<SimulateFederationOptions>): Promise<{
  readonly summary: SimulationSummary;
  readonly rounds: SimulatedRound[];
  readonly output: string;
}> {
  const output = options.output ?? join(folder, `simulation-${++count}`);
  const steps = simulateFederation({
    model,
    data,
    lora,
    engine: "auto",
    precision: "fp32",
    ...options,
    output,
  });
  const rounds: SimulatedRound[] = [];
  for (let next = await steps.next(); ; next = await steps.next()) {
    if (next.done) return { summary: next.value, rounds, output };
    rounds.push(next.value);
  }
}

async function weightsOf(adapter: string): Promise<Float32Array> {
  const file = await openAdapterFile(adapter);
  const parts: number[] = [];
  for (const name of [...file.names].sort()) parts.push(...(await file.read(name)));
  await file.close();
  return Float32Array.from(parts);
}

const distance = (one: Float32Array, other: Float32Array): number =>
  Math.sqrt(one.reduce((sum, value, i) => sum + (value - other[i]) ** 2, 0));

// A machine may have more to do than these.
describe("simulateFederation", { timeout: 300_000 }, () => {
  it("comes to what central training comes to, with equal shares and one step of plain SGD a round", async () => {
    const train = { optimizer: "sgd", learningRate: 0.1, maxGradNorm: 0, shuffle: false } as const;
    const { summary } = await simulate({
      clients: 4,
      rounds: 3,
      train: { ...train, maxSteps: 1, batchSize: 12, gradientAccumulation: 1 },
    });
    const central = join(folder, "central");
    await finish({
      model,
      data,
      output: central,
      lora,
      engine: "auto",
      precision: "fp32",
      train: { ...train, schedule: "constant", maxSteps: 3, batchSize: 12, gradientAccumulation: 4 },
    });
    const [federated, all] = [await weightsOf(summary.adapter!), await weightsOf(join(central, "adapter"))];
    const start = await weightsOf(join(folder, `simulation-${count}`, "coordinator", "start"));
    const moved = distance(all, start);
    expect(moved).toBeGreaterThan(1e-3);
    expect(distance(federated, all)).toBeLessThan(1e-4 * moved);
    expect(summary.rows).toEqual([12, 12, 12, 12]);
  });

  it("stays near the honest result under a hostile client of five with robust rules, and not with FedAvg", async () => {
    const usual: Partial<SimulateFederationOptions> = {
      clients: 5,
      rounds: 1,
      splitBy: "dirichlet",
      alpha: 2,
      labelColumn: "topic",
      validation: data,
      train: {
        optimizer: "sgd",
        learningRate: 0.05,
        maxGradNorm: 0,
        maxSteps: 2,
        batchSize: 48,
        gradientAccumulation: 1,
      },
    };
    const honest = await simulate(usual);
    expect(new Set(honest.summary.rows).size).toBeGreaterThan(1);
    const result = await weightsOf(honest.summary.adapter!);
    const moved = distance(result, await weightsOf(join(honest.output, "coordinator", "start")));
    const lossOf = ({ rounds }: typeof honest): number => rounds[0].validationLoss!;
    const found: Record<string, { readonly far: number; readonly loss: number }> = {};
    for (const [name, options] of Object.entries({
      mean: {},
      median: { rule: "median" },
      trimmed: { rule: "trimmed-mean", trim: 0.25 },
      clipped: { clipNorm: "median" },
      claimed: { attack: "rows" },
      bounded: { attack: "rows", maximumRows: 10 },
    } as const)) {
      const attacked = await simulate({ ...usual, ...options, hostile: 1 });
      const far = distance(await weightsOf(attacked.summary.adapter!), result) / moved;
      found[name] = { far, loss: lossOf(attacked) };
    }
    const text = JSON.stringify({ ...found, honest: lossOf(honest) });
    expect(found["mean"].far, text).toBeGreaterThan(2);
    // Who says that it has a billion rows is all of the mean, and what it sends is turned round.
    expect(found["claimed"].far, text).toBeGreaterThan(1.5);
    for (const name of ["median", "trimmed", "clipped", "bounded"]) {
      expect(found[name].far, text).toBeLessThan(0.9);
      expect(found[name].loss, text).toBeLessThan(found["mean"].loss);
    }
  });

  it("adds noise that its ledger counts, comes to the same bits with a seed, and goes on where it was killed", async () => {
    const options: Partial<SimulateFederationOptions> = {
      clients: 4,
      rounds: 2,
      clipNorm: 0.5,
      noiseMultiplier: 1,
      samplingRate: 0.5,
      proximal: 0.1,
      train: { maxSteps: 1, batchSize: 2, gradientAccumulation: 1 },
      validation: data,
    };
    let loaded = 0;
    const { summary, rounds } = await simulate({
      ...options,
      onEvent: (event) => {
        if (event.type === "engine") loaded++;
      },
    });
    // The base is read once, and each round is measured under its own adapter.
    expect(loaded).toBe(1);
    const { loss } = await evaluateModel({
      model,
      data,
      adapter: summary.adapter!,
      metrics: [],
      precision: "fp32",
    });
    expect(rounds[1].validationLoss).toBeCloseTo(loss!, 6);
    expect(rounds[0].validationLoss).not.toBe(rounds[1].validationLoss);
    expect(rounds.map(({ noise }) => noise)).toEqual([0.25, 0.25]);
    expect(rounds[1].epsilon!).toBeGreaterThan(rounds[0].epsilon!);
    expect(summary.delta).toBe(1e-5);
    expect(rounds[0].clients.every(({ weight }) => weight === 0.5)).toBe(true);
    const [table] = tellFederation(summary.rounds, summary.adapter, summary.delta) as readonly ToldTable[];
    expect(table.head).toHaveLength(6);
    expect(sayPhrase(table.below![0])).toBe("epsilon holds for delta 0.00001");
    const stop = new AbortController();
    const output = join(folder, "stopped");
    const first = simulateFederation({
      model,
      data,
      lora,
      precision: "fp32",
      ...options,
      output,
      signal: stop.signal,
    });
    await first.next();
    stop.abort();
    expect((await first.next()).value).toMatchObject({ interrupted: true, adapter: null, delta: 1e-5 });
    // As if it had been killed before the round was measured.
    await rm(join(output, "losses.json"));
    const again = await simulate({ ...options, output });
    const bytes = async (adapter: string): Promise<Buffer> =>
      await readFile(join(adapter, "adapter_model.safetensors"));
    expect((await bytes(again.summary.adapter!)).equals(await bytes(summary.adapter!))).toBe(true);
    const losses = (run: SimulationSummary): unknown =>
      run.rounds.map(({ validationLoss }) => validationLoss);
    expect(losses(again.summary)).toEqual(losses(summary));
    // It is over, and says so again; it goes on with nothing else.
    expect((await simulate({ ...options, output })).summary.rounds).toEqual(again.summary.rounds);
    const otherRows = await writeJsonl(join(folder, "other.jsonl"), rows.slice(1));
    const initAdapter = join(folder, "init");
    await cp(again.summary.adapter!, initAdapter, { recursive: true });
    for (const [change, message] of [
      [{ seed: 1 }, /seed: expected 0, as the simulation in .*stopped was begun, got 1/],
      [{ splitBy: "dirichlet", alpha: 2 }, /splitBy: expected equal.*alpha: expected 0.3/],
      [{ hostile: 1 }, /hostile: expected 0/],
      [{ reasoning: "strip" }, /reasoning: expected nothing/],
      [{ data: otherRows }, /data: expected the rows that the simulation .* was begun with, got others/],
      [{ validation: undefined }, /validation: expected the rows/],
      [{ rounds: 3 }, /rounds: expected 2/],
      [{ clipNorm: 0.4 }, /aggregation: expected /],
      [
        { lora: { ...lora, rank: 2 } },
        /initAdapter: expected the adapter that the federation .* was begun with/,
      ],
      [{ lora: { ...lora, targets: ["q_proj"] } }, /initAdapter: expected the adapter/],
      [{ initAdapter, lora: undefined }, /initAdapter: expected the adapter/],
    ] as const) {
      await expect(simulate({ ...options, output, ...change }), JSON.stringify(change)).rejects.toThrow(
        message,
      );
    }
  });

  it("goes on with seven clients of eight that are not alike, whatever the eighth does", async () => {
    for (const attack of attacks) {
      const { summary, rounds } = await simulate({
        clients: 8,
        rounds: 1,
        hostile: 1,
        attack,
        rule: "median",
        splitBy: "dirichlet",
        alpha: 0.5,
        labelColumn: "topic",
        validation: data,
        train: { maxSteps: 1, batchSize: 4, gradientAccumulation: 1 },
      });
      expect(Math.max(...summary.rows)).toBeGreaterThan(2 * Math.min(...summary.rows));
      const [{ clients, refused, validationLoss }] = rounds;
      expect(
        refused.map(({ client, fault }) => [client, fault]),
        attack,
      ).toEqual(attack === "nan" ? [["client-08", "numbers"]] : []);
      expect(clients, attack).toHaveLength(8 - refused.length);
      const honest = clients.slice(0, 7).map(({ norm }) => norm);
      if (attack === "flip" || attack === "noise")
        expect(clients[7].norm).toBeGreaterThan(2 * Math.max(...honest));
      expect(validationLoss, attack).toBeGreaterThan(0);
      // A number's median lies between those of the seven.
      const start = await weightsOf(join(folder, `simulation-${count}`, "coordinator", "start"));
      expect(distance(await weightsOf(summary.adapter!), start), attack).toBeLessThan(
        2 * Math.max(...honest),
      );
    }
    await expect(simulate({ clients: 2, hostile: 2, attack: "nan" })).rejects.toThrow(/up to 1, got 2/);
  });

  it("replaces an earlier simulation and nothing else", async () => {
    const train = { maxSteps: 1, batchSize: 4, gradientAccumulation: 1 };
    const few = { clients: 2, rounds: 1, train };
    const { output } = await simulate(few);
    const kept = join(output, "thesis.txt");
    const within = await writeJsonl(join(output, "clients", "rows.jsonl"), rows);
    await writeFile(kept, "all of it");
    await expect(simulate({ ...few, output, overwrite: true })).rejects.toThrow(
      /expected a folder that is empty, or holds a simulation and nothing else, got one that also holds thesis.txt/,
    );
    expect(await readFile(kept, "utf8")).toBe("all of it");
    const other = join(folder, "other-folder");
    await mkdir(join(other, "clients"), { recursive: true });
    for (const overwrite of [true, false])
      await expect(simulate({ ...few, output: other, overwrite })).rejects.toThrow(OutputFolderError);
    expect(await readdir(other)).toEqual(["clients"]);
    await rm(kept);
    await expect(simulate({ ...few, output, data: within, overwrite: true })).rejects.toThrow(
      /overwriting it would delete .*rows.jsonl/,
    );
    const again = await simulate({ ...few, clients: 3, output, overwrite: true });
    expect(again.summary.rows).toHaveLength(3);
    expect(await readdir(join(output, "clients"))).toHaveLength(3);
  });

  it("ends where it is interrupted while it hashes", async () => {
    const stop = new AbortController();
    const output = join(folder, "hashing");
    const options = { clients: 2, rounds: 1, output };
    const { summary } = await simulate({
      ...options,
      signal: stop.signal,
      onEvent: (event) => {
        if (event.type === "progress" && event.phase === "hashing") stop.abort();
      },
    });
    expect(summary).toMatchObject({ interrupted: true, adapter: null, rounds: [] });
  });

  it.each([
    [{ clients: 0 }, /clients: expected a whole number from 1/],
    [{ hostile: 9 }, /hostile: expected a whole number up to 8/],
    [{ splitBy: "label" }, /labelColumn: expected the column of the labels/],
    [{ labelColumn: "nothing" }, /expected a text or a number as label/],
    [{ clients: 100 }, /data: expected at least 100 rows, one a client, got 48/],
    [{ noiseMultiplier: 1 }, /clipNorm: expected a fixed length beside noise/],
    [{ delta: 1e-6 }, /delta: expected nothing where no noise is added/],
    [{ rule: "median", weights: "rows" }, /weights: expected uniform beside the rule median/],
  ] as const)("refuses %j", async (options, message) => {
    await expect(simulate(options)).rejects.toThrow(message);
  });
});
