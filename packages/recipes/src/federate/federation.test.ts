/** A coordinator and clients that know nothing of each other but a mailbox. */
import { readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { RoundReport } from "@lathe/federated";
import { beforeAll, expect, it } from "vitest";
import type { RecipeEvent } from "../recipe-event.js";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { coordinateFederation, type FederationSummary } from "./coordinate-federation.js";
import { joinFederation, type JoinSummary } from "./join-federation.js";
import { privacyLedger } from "./privacy-ledger.js";

const model = tinyModel("qwen2");

let folder: string;
const files: string[] = [];
beforeAll(async () => {
  folder = await temporaryFolder();
  for (const client of [0, 1]) {
    const rows = Array.from({ length: 4 + client }, (_, row) => {
      const ids = Array.from({ length: 7 }, (_, i) => 30 + client * 100 + ((row * 7 + i * 11) % 60));
      return { input_ids: ids, labels: ids };
    });
    files.push(await writeJsonl(join(folder, `rows-${client}.jsonl`), rows));
  }
});

async function ended<Report, Summary>(
  rounds: AsyncGenerator<Report, Summary, undefined>,
): Promise<{ readonly reports: Report[]; readonly summary: Summary }> {
  const reports: Report[] = [];
  for (let next = await rounds.next(); ; next = await rounds.next()) {
    if (next.done) return { reports, summary: next.value };
    reports.push(next.value);
  }
}

it("goes through its rounds while each waits for the other, and leaves no row in the mailbox", async () => {
  const mailbox = join(folder, "mailbox");
  const joined = (client: number): Promise<{ summary: JoinSummary }> =>
    ended(
      joinFederation({
        mailbox,
        model,
        data: files[client],
        name: `clinic-${client}`,
        output: join(folder, `clinic-${client}`),
        poll: 0.05,
        precision: "fp32",
      }),
    );
  const coordinated = ended<RoundReport, FederationSummary>(
    coordinateFederation({
      mailbox,
      model,
      output: join(folder, "coordinator"),
      rounds: 2,
      clients: 2,
      poll: 0.05,
      lora: { rank: 2 },
      train: { maxSteps: 1, batchSize: 2, gradientAccumulation: 1, learningRate: 0.01, seed: 3 },
      proximal: 0.1,
    }),
  );
  // One after the other on one engine: the second begins while the coordinator waits for it.
  const [first, second, { reports, summary }] = await Promise.all([joined(0), joined(1), coordinated]);
  expect(reports.map(({ round, clients }) => [round, clients.map(({ rows }) => rows)])).toEqual([
    [1, [4, 5]],
    [2, [4, 5]],
  ]);
  expect(summary).toMatchObject({ interrupted: false, delta: null });
  expect(first.summary.rounds.map(({ round, delivered, steps }) => [round, delivered, steps])).toEqual([
    [1, true, 1],
    [2, true, 1],
  ]);
  const results = await Promise.all(
    [summary.adapter!, first.summary.adapter!, second.summary.adapter!].map((adapter) =>
      readFile(join(adapter, "adapter_model.safetensors")),
    ),
  );
  for (const result of results.slice(1)) expect(result.equals(results[0])).toBe(true);
  // Whoever asks again is told the same, without a round.
  await rm(join(folder, "clinic-0"), { recursive: true });
  expect((await joined(0)).summary.rounds).toEqual([]);
});

it("counts budgets both ways", () => {
  const ledger = privacyLedger({
    noiseMultiplier: 1.3,
    samplingRate: 250 / 60_000,
    rounds: 3600,
    conversion: "classic",
  });
  // TensorFlow Privacy's tutorial.
  expect(ledger.epsilon).toBeCloseTo(1.18, 2);
  const { noiseMultiplier } = privacyLedger({ epsilon: 2, samplingRate: 0.2, rounds: 50 });
  expect(privacyLedger({ noiseMultiplier, samplingRate: 0.2, rounds: 50 }).epsilon).toBeLessThanOrEqual(2);
  expect(() => privacyLedger({ rounds: 1 })).toThrow(
    /noiseMultiplier: expected it or the epsilon to keep, got neither of the two/,
  );
  expect(() => privacyLedger({ rounds: -1, noiseMultiplier: 1 })).toThrow(
    /rounds: expected a whole number from 0/,
  );
});

it.each(["coordinate", "join"])(
  "ends, and throws nothing, where an interrupt comes while it hashes: %s",
  async (side) => {
    const stop = new AbortController();
    const options = {
      mailbox: join(folder, "nowhere"),
      model,
      output: join(folder, `interrupted-${side}`),
      signal: stop.signal,
      onEvent: (event: RecipeEvent) => {
        if (event.type === "progress" && event.phase === "hashing") stop.abort();
      },
    };
    const { reports, summary } =
      side === "coordinate"
        ? await ended<unknown, FederationSummary | JoinSummary>(coordinateFederation(options))
        : await ended<unknown, FederationSummary | JoinSummary>(
            joinFederation({ ...options, data: files[0], name: "clinic-9" }),
          );
    expect(reports).toEqual([]);
    expect(summary).toMatchObject({ interrupted: true, adapter: null, rounds: [] });
  },
);

it("ends, and throws nothing, where an interrupt comes while a store does not answer", async () => {
  const stop = new AbortController();
  const server = createServer(() => stop.abort());
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const { summary } = await ended(
    joinFederation({
      mailbox: `http://127.0.0.1:${port}/bucket`,
      model,
      data: files[0],
      name: "clinic-9",
      output: join(folder, "unanswered"),
      signal: stop.signal,
    }),
  );
  expect(summary).toMatchObject({ interrupted: true, adapter: null });
  server.closeAllConnections();
  server.close();
});
