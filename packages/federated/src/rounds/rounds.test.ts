/** Coordinator and clients over a folder, with all that may go wrong between them. */
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LockedError } from "@lathe/files";
import { expect, it } from "vitest";
import { resolveAggregation } from "../aggregate/aggregation-settings.js";
import { federationKeys } from "../mailbox/federation-keys.js";
import { folderMailbox } from "../mailbox/folder-mailbox.js";
import type { Mailbox } from "../mailbox/mailbox.js";
import { MailboxError } from "../mailbox/mailbox-error.js";
import { postFolder, postJson } from "../mailbox/posted-folder.js";
import { FederationSettingsError } from "../settings-error.js";
import {
  adapterConfig,
  temporaryFolder,
  writeAdapterFolder,
  type WrittenTensor,
} from "../testing/written-adapter.js";
import { openAdapterFile } from "../updates/adapter-file.js";
import { CONFIG_FILE, WEIGHTS_FILE } from "../updates/adapter-files.js";
import { UpdateError } from "../updates/update-error.js";
import { type ClientRound, ClientRounds } from "./client-rounds.js";
import { Coordinator, type CoordinatorOptions } from "./coordinator.js";
import { updateFields } from "./update-manifest.js";

const BASE = "b".repeat(64);

const tensorsOf = (value: number): WrittenTensor[] => [
  { name: "q.lora_A.weight", shape: [2, 3], data: new Float32Array(6).fill(value) },
  { name: "q.lora_B.weight", shape: [4, 2], data: new Float32Array(8).fill(value) },
];

async function valueOf(folder: string): Promise<number> {
  const file = await openAdapterFile(folder);
  const values = [...(await file.read("q.lora_A.weight")), ...(await file.read("q.lora_B.weight"))];
  await file.close();
  expect(new Set(values).size).toBe(1);
  return values[0];
}

interface Federation {
  readonly root: string;
  readonly mailbox: Mailbox;
  readonly options: CoordinatorOptions;
  time: number;
}

async function federation(change: Partial<CoordinatorOptions> = {}): Promise<Federation> {
  const root = await temporaryFolder();
  const mailbox = folderMailbox(join(root, "mailbox"));
  const start = await writeAdapterFolder(join(root, "start"), tensorsOf(0));
  const made: Federation = {
    root,
    mailbox,
    time: 1_000_000,
    options: {
      mailbox,
      folder: join(root, "coordinator"),
      plan: { rounds: 2, base: BASE, training: { learningRate: 1e-3 } },
      start,
      aggregation: resolveAggregation(),
      minClients: 2,
      clients: 3,
      deadline: 60,
      seed: null,
      now: () => made.time,
      ...change,
    },
  };
  return made;
}

async function client({ root, mailbox }: Federation, name: string): Promise<ClientRounds> {
  const joined = await ClientRounds.join(mailbox, { name, folder: join(root, name), base: BASE });
  return joined!;
}

/** Learns, in the way of tests: moves every number by the same. */
async function learn(from: ClientRounds, round: ClientRound, by: number, rows = 10): Promise<void> {
  const adapter = join(round.folder, "adapter");
  const file = await openAdapterFile(round.start);
  const moved: WrittenTensor[] = [];
  for (const { name, shape } of tensorsOf(0))
    moved.push({ name, shape, data: (await file.read(name)).map((value) => value + by) });
  await file.close();
  await writeAdapterFolder(adapter, moved);
  await from.deliver(round, adapter, rows);
}

async function open(from: ClientRounds, after = 0): Promise<ClientRound> {
  const next = await from.next(after);
  if (next === null || "result" in next) throw new Error("expected a round");
  return next;
}

it("goes through all rounds to a result that every client gets", async () => {
  const made = await federation();
  expect(
    await ClientRounds.join(made.mailbox, { name: "a", folder: join(made.root, "a"), base: BASE }),
  ).toBeNull();
  const coordinator = await Coordinator.open(made.options);
  const names = ["a", "b", "c"];
  const clients = await Promise.all(names.map((name) => client(made, name)));
  expect(clients[0].plan).toMatchObject({ rounds: 2, training: { learningRate: 1e-3 } });
  for (let round = 1; round <= 2; round++) {
    expect(coordinator.round).toBe(round);
    for (const [k, each] of clients.entries()) {
      expect((await coordinator.poll()).isDue).toBe(false);
      const next = await open(each, round - 1);
      expect(next.round).toBe(round);
      expect(await each.isOpen(round)).toBe(true);
      // Weights of 1, 1 and 2 quarters.
      await learn(each, next, [1, 2, 4][k], [10, 10, 20][k]);
    }
    expect(await coordinator.poll()).toMatchObject({ taken: names, refused: [], pending: [], isDue: true });
    const report = await coordinator.close();
    expect(report.clients.map(({ weight }) => weight)).toEqual([0.25, 0.25, 0.5]);
    expect(report).toMatchObject({ round, refused: [], delivered: 3, epsilon: null, noise: 0 });
    expect(await valueOf(coordinator.adapter)).toBe(2.75 * round);
    expect(await clients[0].isOpen(round)).toBe(false);
  }
  expect(coordinator.round).toBeNull();
  expect(await coordinator.reports()).toHaveLength(2);
  for (const each of clients) {
    const next = await each.next(2);
    expect(next).toHaveProperty("result");
    expect(await valueOf((next as { result: string }).result)).toBe(5.5);
  }
  await coordinator.release();
});

it("ends a round without those that are lost, after the deadline and with enough, and says who is late", async () => {
  const made = await federation();
  const coordinator = await Coordinator.open(made.options);
  const [a, b, c] = await Promise.all(["a", "b", "c"].map((name) => client(made, name)));
  const slow = await open(c);
  await learn(a, await open(a), 1);
  made.time += 61_000;
  expect(await coordinator.poll()).toMatchObject({ isDue: false, secondsLeft: 0, taken: ["a"] });
  await learn(b, await open(b), 3);
  expect((await coordinator.poll()).isDue).toBe(true);
  await coordinator.close();
  expect(await valueOf(coordinator.adapter)).toBe(2);
  await learn(c, slow, 100);
  expect(await c.isOpen(1)).toBe(false);
  expect(await coordinator.poll()).toMatchObject({ round: 2, late: ["c"], taken: [], isDue: false });
  // Whoever was away goes on with the newest round.
  expect(await open(c, 1)).toMatchObject({ round: 2 });
  await coordinator.release();
});

it("refuses, each by its name, what is malformed, and the round goes on", async () => {
  const made = await federation({ clients: null, minClients: 1, deadline: 0 });
  const coordinator = await Coordinator.open(made.options);
  const good = await client(made, "good");
  const { start } = await open(good);
  await learn(good, await open(good), 1);
  const { id } = coordinator.plan;
  const manifest = JSON.parse(
    await readFile(join(made.root, "mailbox", federationKeys.update(1, "good"), "manifest.json"), "utf8"),
  ) as { start: string };
  const right = { federation: id, round: 1, client: "", rows: 5, base: BASE, start: manifest.start };
  const post = async (
    name: string,
    change: Record<string, unknown>,
    tensors: readonly WrittenTensor[] = tensorsOf(1),
    config?: object,
  ): Promise<void> => {
    const folder = await writeAdapterFolder(join(made.root, "made", name), tensors, config);
    const facts = { ...right, client: name, ...change } as Parameters<typeof updateFields>[0];
    await postFolder(made.mailbox, federationKeys.update(1, name), folder, updateFields(facts));
  };
  const [first, second] = tensorsOf(1);
  await post("other-federation", { federation: "x" });
  await post("other-round", { round: 2 });
  await post("other-name", { client: "good" });
  await post("other-base", { base: "c".repeat(64) });
  await post("other-start", { start: "d".repeat(64) });
  await post("no-rows", { rows: 0 });
  await post("much-rows", { rows: 1e300 });
  await post("other-shape", {}, [{ ...first, shape: [3, 2] }, second]);
  await post("nan", {}, [{ ...first, data: new Float32Array(6).fill(Number.NaN) }, second]);
  await post("f64", {}, [{ ...first, data: new Float64Array(6), dtype: "F64" }, second]);
  await post("fewer", {}, [first]);
  await post("scaled", {}, tensorsOf(1), { r: 2, lora_alpha: 1e6, peft_type: "LORA" });
  const mailbox = join(made.root, "mailbox");
  const at = (name: string, file: string): string => join(mailbox, federationKeys.update(1, name), file);
  await post("cut", {});
  await truncate(at("cut", "adapter_model.safetensors"), 100);
  await post("gone", {});
  await rm(at("gone", "adapter_config.json"));
  await post("changed", {});
  await writeFile(at("changed", "manifest.json"), "{}");
  await post("text", {});
  await rm(at("text", "manifest.json.sha256"));
  await mkdir(dirname(at("empty", "x")), { recursive: true });
  const standing = await coordinator.poll();
  expect(standing.taken).toEqual(["good"]);
  expect(standing.pending).toEqual(["changed", "cut", "empty", "gone", "text"]);
  expect(Object.fromEntries(standing.refused.map(({ client: name, fault }) => [name, fault]))).toEqual({
    f64: "dtype",
    fewer: "tensors",
    "much-rows": "manifest",
    nan: "numbers",
    "no-rows": "manifest",
    "other-base": "base",
    "other-federation": "federation",
    "other-name": "client",
    "other-round": "round",
    "other-shape": "shape",
    "other-start": "start",
    scaled: "config",
  });
  // Whoever sends again is looked at again.
  await post("nan", {}, tensorsOf(3));
  const report = await coordinator.close();
  expect(report.clients.map(({ client: name }) => name)).toEqual(["good", "nan"]);
  expect(
    report.refused.filter(({ fault }) => fault === "incomplete").map(({ client: name }) => name),
  ).toEqual(["changed", "cut", "empty", "gone", "text"]);
  expect(report.refused.every(({ reason }) => reason.length > 10)).toBe(true);
  expect(start).toContain("round-0001");
  await coordinator.release();
});

it("goes on after a kill at any write, to the same adapter", async () => {
  const settings = {
    aggregation: resolveAggregation({
      clipNorm: 1,
      weights: "uniform",
      privacy: { noiseMultiplier: 1, clients: 3 },
    }),
  };
  for (let kept = 0; ; kept += 4) {
    const made = await federation(settings);
    const first = await Coordinator.open(made.options);
    for (const name of ["a", "b", "c"]) {
      const each = await client(made, name);
      await learn(each, await open(each), 1);
    }
    await first.poll();
    await first.release();
    // A mailbox that takes so many writes more, and then the process is gone.
    let left = kept;
    const failing: Mailbox = {
      ...made.mailbox,
      async write(key, contents) {
        if (left-- === 0) throw new Error("killed");
        await made.mailbox.write(key, contents);
      },
    };
    const opened = await Coordinator.open({ ...made.options, mailbox: failing }).catch(() => null);
    if (opened === null) continue;
    const outcome = await opened.close().then(
      () => "closed",
      () => "killed",
    );
    await opened.release();
    const folder = join(made.options.folder, "rounds", "0001", "adapter");
    const weights = await readFile(join(folder, "adapter_model.safetensors"));
    const again = await Coordinator.open(made.options);
    expect(again.round).toBe(2);
    const there = await readFile(
      join(made.root, "mailbox", federationKeys.start(2), "adapter_model.safetensors"),
    );
    // The noise was drawn once.
    expect(there.equals(weights)).toBe(true);
    expect((await again.reports())[0].epsilon).toBeGreaterThan(0);
    await again.release();
    if (outcome === "closed") break;
  }
});

it("counts every round in the ledger, and keeps to itself who was drawn", async () => {
  const made = await federation({
    seed: 7,
    clients: null,
    minClients: 1,
    deadline: 0,
    aggregation: resolveAggregation({
      clipNorm: 1,
      weights: "uniform",
      privacy: { noiseMultiplier: 2, clients: 4, samplingRate: 0.5 },
    }),
  });
  const coordinator = await Coordinator.open(made.options);
  const epsilons: number[] = [];
  for (let round = 1; round <= 2; round++) {
    for (const name of ["a", "b", "c", "d"]) {
      const each = await client(made, name);
      await learn(each, await open(each, round - 1), 1);
    }
    await coordinator.poll();
    const report = await coordinator.close();
    expect(report.delivered).toBe(4);
    expect(report.noise).toBe(1);
    epsilons.push(report.epsilon!);
    const closed = await readFile(join(made.root, "mailbox", federationKeys.closed(round)), "utf8");
    expect(closed).not.toMatch(/"client"|"weight"/);
    expect(JSON.parse(closed)).toMatchObject({ round, delivered: 4, refused: [] });
  }
  expect(epsilons[1]).toBeGreaterThan(epsilons[0]);
  await coordinator.release();
});

it("refuses to be led twice, to go on otherwise, and to take over another's mailbox", async () => {
  const made = await federation();
  const coordinator = await Coordinator.open(made.options);
  await expect(Coordinator.open(made.options)).rejects.toThrow(LockedError);
  await coordinator.release();
  const others = { ...made.options.plan, rounds: 3 };
  await expect(Coordinator.open({ ...made.options, plan: others })).rejects.toThrow(
    /rounds: expected 2, as the federation in .* was begun, got 3/,
  );
  await expect(Coordinator.open({ ...made.options, folder: join(made.root, "second") })).rejects.toThrow(
    MailboxError,
  );
  for (const [change, message] of [
    [{ minClients: 0 }, "minClients: expected a whole number from 1, got 0"],
    [{ clients: 1 }, "clients: expected at least minClients, 2, got 1"],
    [{ deadline: -1 }, "deadline: expected seconds from 0, got -1"],
    [{ aggregation: resolveAggregation({ rule: "trimmed-mean" }) }, "minClients: expected so many that"],
  ] as const) {
    const opened = Coordinator.open({ ...made.options, ...change });
    await expect(opened).rejects.toThrow(FederationSettingsError);
    await expect(opened).rejects.toThrow(message);
  }
});

it("lets no client in under a name that leads elsewhere, with another model, or under another's name", async () => {
  const made = await federation();
  const coordinator = await Coordinator.open(made.options);
  for (const name of ["", "..", "a/b", "a\\b", ".hidden", "con", "ü", "a.", "x".repeat(65)]) {
    await expect(client(made, name)).rejects.toThrow(FederationSettingsError);
  }
  const other = ClientRounds.join(made.mailbox, { name: "a", folder: made.root, base: "c".repeat(64) });
  await expect(other).rejects.toThrow(UpdateError);
  const a = await client(made, "a");
  await learn(a, await open(a), 1);
  await learn(a, await open(a), 1);
  await expect(learn(a, await open(a), 2)).rejects.toThrow(/another client delivers under this name/);
  await coordinator.release();
});

it("brings nothing that a program has not copied whole yet", async () => {
  const made = await federation();
  const coordinator = await Coordinator.open(made.options);
  const a = await client(made, "a");
  const folder = join(made.root, "mailbox", federationKeys.start(1));
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length >> 1));
    // The hashes beside the adapter's files are for people; those in the manifest count.
    const next = await a.next(0);
    expect(next === null, name).toBe(!/^adapter_.*sha256$/.test(name));
    await writeFile(path, bytes);
  }
  expect(await open(a)).toMatchObject({ round: 1 });
  await coordinator.release();
});

it("goes on beside whatever a client leaves in place of an update, and tells nobody of paths or long texts", async () => {
  const made = await federation({ clients: null, minClients: 1, deadline: 0 });
  const coordinator = await Coordinator.open(made.options);
  const good = await client(made, "good");
  await learn(good, await open(good), 1);
  const mailbox = join(made.root, "mailbox");
  const at = (name: string, file: string): string => join(mailbox, federationKeys.update(1, name), file);
  const right = JSON.parse(await readFile(at("good", "manifest.json"), "utf8")) as {
    readonly files: Record<string, { readonly bytes: number; readonly sha256: string }>;
  };
  const left = async (name: string, manifest: object | string): Promise<void> => {
    for (const file of await readdir(at("good", "."))) await cp(at("good", file), at(name, file));
    const text =
      typeof manifest === "string" ? manifest : JSON.stringify({ ...right, client: name, ...manifest });
    await writeFile(at(name, "manifest.json"), text);
    await writeFile(at(name, "manifest.json.sha256"), createHash("sha256").update(text).digest("hex"));
  };
  const inPlaceOf = async (name: string, file: string): Promise<void> => {
    await left(name, {});
    await rm(at(name, file));
    await mkdir(at(name, file));
  };
  const long = "x".repeat(400_000);
  const weights = right.files[WEIGHTS_FILE];
  await left("a-huge-manifest", { more: "x".repeat(1_000_001) });
  await left("a-huge-file", {});
  await truncate(at("a-huge-file", WEIGHTS_FILE), 2_000_000_001);
  await left("a-large-file", { files: { ...right.files, [WEIGHTS_FILE]: { ...weights, bytes: 10 ** 9 } } });
  await inPlaceOf("b-folder-manifest", "manifest.json");
  await inPlaceOf("b-folder-hash", "manifest.json.sha256");
  await inPlaceOf("b-folder-config", CONFIG_FILE);
  await inPlaceOf("b-folder-weights", WEIGHTS_FILE);
  await left("c-files-null", { files: null });
  await left("c-files-text", { files: "all" });
  await left("c-file-null", { files: { ...right.files, [WEIGHTS_FILE]: null } });
  await left("c-file-list", { files: { ...right.files, [WEIGHTS_FILE]: [1] } });
  await left("c-no-object", "null");
  await left("c-deep", `{"files":${"[".repeat(400_000)}`);
  await left("c-twice", `{"${long}":1,"${long}":2}`);
  await left("d-format", { format: long });
  await left("d-round", { round: [long] });
  await left("d-base", { base: { [long]: 1 } });
  await left("d-rows", { rows: long });
  const expected = {
    "a-huge-file": "unreadable",
    "a-huge-manifest": "unreadable",
    "a-large-file": "tensors",
    "b-folder-config": "unreadable",
    "b-folder-hash": "unreadable",
    "b-folder-manifest": "unreadable",
    "b-folder-weights": "unreadable",
    "c-deep": "manifest",
    "c-file-list": "manifest",
    "c-file-null": "manifest",
    "c-files-null": "manifest",
    "c-files-text": "manifest",
    "c-no-object": "manifest",
    "c-twice": "manifest",
    "d-base": "base",
    "d-format": "manifest",
    "d-round": "round",
    "d-rows": "manifest",
  };
  const { taken, refused, pending } = await coordinator.poll();
  expect([taken, pending]).toEqual([["good"], []]);
  expect(Object.fromEntries(refused.map(({ client: name, fault }) => [name, fault]))).toEqual(expected);
  for (const { client: name, reason, phrase } of refused) {
    expect(reason.length, name).toBeLessThan(1000);
    expect(JSON.stringify(phrase).length, name).toBeLessThan(2000);
    expect(reason, name).not.toContain(made.root);
  }
  // What could not be read counts as soon as it can be, under the same manifest.
  await rm(at("b-folder-weights", WEIGHTS_FILE), { recursive: true });
  await cp(at("good", WEIGHTS_FILE), at("b-folder-weights", WEIGHTS_FILE));
  expect((await coordinator.poll()).taken).toEqual(["b-folder-weights", "good"]);
  const report = await coordinator.close();
  expect(report.clients).toHaveLength(2);
  const closed = await readFile(join(mailbox, federationKeys.closed(1)), "utf8");
  expect(Object.keys((JSON.parse(closed) as { refused: object[] }).refused[0])).toEqual([
    "client",
    "fault",
    "reason",
  ]);
  expect(closed).not.toContain(made.root);
  await coordinator.release();
});

it("sends no path of a machine along with an adapter", async () => {
  const made = await federation();
  const config = { ...adapterConfig, base_model_name_or_path: "/home/someone/models/base/" };
  await writeAdapterFolder(made.options.start, tensorsOf(0), config);
  const coordinator = await Coordinator.open(made.options);
  const a = await client(made, "a");
  const next = await open(a);
  await a.deliver(next, await writeAdapterFolder(join(made.root, "learnt"), tensorsOf(1), config), 3);
  const { taken } = await coordinator.poll();
  expect(taken).toEqual(["a"]);
  for (const key of [federationKeys.start(1), federationKeys.update(1, "a")]) {
    const sent = JSON.parse(await readFile(join(made.root, "mailbox", key, CONFIG_FILE), "utf8")) as object;
    expect(sent).toEqual({ ...config, base_model_name_or_path: "base" });
  }
  await coordinator.release();
});

it("goes on with the adapter that it was begun with alone", async () => {
  const made = await federation();
  const config = { ...adapterConfig, base_model_name_or_path: "models/base" };
  await writeAdapterFolder(made.options.start, tensorsOf(0), config);
  await (await Coordinator.open(made.options)).release();
  const others: [string, readonly WrittenTensor[], object][] = [
    ["other weights", tensorsOf(1), config],
    ["another scale", tensorsOf(0), { ...config, lora_alpha: 8 }],
    ["other dropout", tensorsOf(0), { ...config, lora_dropout: 0.5 }],
  ];
  for (const [name, tensors, changed] of others) {
    const start = await writeAdapterFolder(join(made.root, name), tensors, changed);
    const opened = Coordinator.open({ ...made.options, start });
    await expect(opened, name).rejects.toThrow(
      /start: expected the adapter that the federation in .* was begun with/,
    );
  }
  const elsewhere = { ...config, base_model_name_or_path: "/moved/base" };
  const start = await writeAdapterFolder(join(made.root, "moved"), tensorsOf(0), elsewhere);
  await (await Coordinator.open({ ...made.options, start })).release();
});

it("takes no client for another, and none that only a part of the systems tells from another", async () => {
  const made = await federation();
  const coordinator = await Coordinator.open(made.options);
  await expect(client(made, "A")).rejects.toThrow(/name: expected lower-case letters/);
  const a = await client(made, "a");
  await learn(a, await open(a), 1);
  const key = join(made.root, "mailbox", federationKeys.update(1, "a"));
  await cp(key, join(dirname(key), "B"), { recursive: true });
  expect((await coordinator.poll()).taken).toEqual(["a"]);
  // What is no update is in nobody's way.
  const b = await client(made, "b");
  await postJson(made.mailbox, `${federationKeys.update(1, "b")}/manifest.json`, {
    files: { [WEIGHTS_FILE]: null },
  });
  await learn(b, await open(b), 1);
  expect((await coordinator.poll()).taken).toEqual(["a", "b"]);
  await coordinator.release();
});
