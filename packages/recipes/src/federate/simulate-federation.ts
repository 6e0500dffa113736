import { join } from "node:path";
import { RowError } from "@lathe/data";
import { ClientRounds, Coordinator, folderMailbox, type RoundReport } from "@lathe/federated";
import { hashFile, isRecord, phrase, replaceFile, SpokenError, statIfThere } from "@lathe/files";
import { copyAdapter, readAdapter, swapAdapter } from "@lathe/peft";
import { evaluateModel } from "../evaluate-model.js";
import { withField } from "../fields-of-packages.js";
import { type EngineOptions, type OpenedModel, openModel } from "../model/open-model.js";
import { expectation, RecipeError } from "../recipe-error.js";
import { type RecipeHooks, warningOf } from "../recipe-event.js";
import { recordsOf } from "../rows/rows-input.js";
import { baseHash } from "./base-hash.js";
import {
  type AggregationFields,
  aggregationOf,
  type ClientTraining,
  type FirstAdapter,
  trainingFrom,
  trainingOf,
} from "./federation-fields.js";
import { type Attack, CLAIMED_ROWS, hostileAdapter } from "./hostile-adapter.js";
import { isAbort } from "./is-abort.js";
import { clientsOwn, learnRound, type LearnRoundOptions } from "./learn-round.js";
import { SimulationFolder, type SimulationSettings } from "./simulation-folder.js";
import { splitRows, type SplitWay } from "./split-rows.js";
import { withFirstAdapter } from "./with-first-adapter.js";

/** What {@link simulateFederation} tries. */
export interface SimulateFederationOptions
  extends
    AggregationFields,
    ClientTraining,
    FirstAdapter,
    Omit<LearnRoundOptions, keyof RecipeHooks>,
    EngineOptions,
    RecipeHooks {
  readonly model: string;
  /** Rows, which are dealt to the clients. */
  readonly data: string;
  /** Rows to evaluate the adapter of every round on. */
  readonly validation?: string | undefined;
  /** Folder for the mailbox, the clients' folders and the adapter. A simulation there that was killed goes on with the same settings. */
  readonly output: string;
  /** Replaces an earlier simulation in `output`; a folder that holds anything else is left alone. @defaultValue false */
  readonly overwrite?: boolean | undefined;
  /** @defaultValue 8 */
  readonly clients?: number | undefined;
  /** @defaultValue 3 */
  readonly rounds?: number | undefined;
  /** How rows are dealt. @defaultValue "equal" */
  readonly splitBy?: SplitWay | undefined;
  /** Concentration of `dirichlet`. @defaultValue 0.3 */
  readonly alpha?: number | undefined;
  /** Column that holds the label of a row. @defaultValue none */
  readonly labelColumn?: string | undefined;
  /** How many of the clients, the last ones, send something else than what they learnt. @defaultValue 0 */
  readonly hostile?: number | undefined;
  /** What those send. @defaultValue "flip" */
  readonly attack?: Attack | undefined;
  /** Split, samples, noise and attacks follow from it. @defaultValue 0 */
  readonly seed?: number | undefined;
}

/** A round of a simulation. */
export interface SimulatedRound extends RoundReport {
  /** Mean loss of the validation rows under the adapter that came out; null without such rows. */
  readonly validationLoss: number | null;
}

/** How a simulation ended: plain data, fit for JSON. */
export interface SimulationSummary {
  /** Folder of the adapter after the last round; null where the signal ended it before. */
  readonly adapter: string | null;
  /** Rows of each client. */
  readonly rows: readonly number[];
  readonly rounds: readonly SimulatedRound[];
  readonly delta: number | null;
  readonly interrupted: boolean;
}

const CLIENTS = 8;
const ROUNDS = 3;
const ALPHA = 0.3;
const ROWS_FILE = "rows.jsonl";

/**
 * Plays a federation on one machine, through the same mailbox and with the same steps as a real one: rows are dealt to clients, which
 * learn one after the other. Noise and samples come from the seed, so its budget protects nobody.
 *
 * When the signal aborts, the iterator ends; the same call goes on, to the same bits.
 *
 * @throws RecipeError naming the field, RowError, OutputFolderError where `output` holds something else, LockedError, and what
 *   `coordinateFederation` and `joinFederation` throw
 */
export async function* simulateFederation(
  options: SimulateFederationOptions,
): AsyncGenerator<SimulatedRound, SimulationSummary, undefined> {
  const { output, clients = CLIENTS, rounds: count = ROUNDS, hostile = 0, attack = "flip" } = options;
  const { model: path, seed = 0, validation, overwrite = false, signal, onEvent } = options;
  checkOptions(options, clients);
  const aggregation = aggregationOf(options, clients);
  const mailbox = folderMailbox(join(output, "mailbox"));
  let simulation: SimulationFolder | null = null;
  let coordinator: Coordinator | null = null;
  let opened: OpenedModel | null = null;
  let rows: readonly number[] = [];
  const rounds: SimulatedRound[] = [];
  const summary = (adapter: string | null): SimulationSummary => ({
    adapter,
    rows,
    rounds,
    delta: aggregation.privacy?.delta ?? null,
    interrupted: adapter === null,
  });
  try {
    const reads = [path, options.data, validation, options.initAdapter].filter((read) => read !== undefined);
    if (overwrite) await SimulationFolder.remove(output, reads);
    simulation = await SimulationFolder.open(output, await settingsOf(options));
    rows = await dealRows(options, clients);
    const base = await baseHash(path, options);
    coordinator = await withFirstAdapter(
      path,
      options,
      async (start) =>
        await Coordinator.open({
          mailbox,
          folder: join(output, "coordinator"),
          plan: { rounds: count, base, training: trainingOf(options) },
          start,
          aggregation,
          minClients: clients,
          clients,
          deadline: 0,
          seed,
        }),
    );
    const { engine, precision, quantize } = options;
    opened = await openModel(path, { engine, precision, quantize, onEvent, signal });
    const losses = [...simulation.losses];
    const evaluated = async (report: RoundReport, adapter: string): Promise<SimulatedRound> => {
      if (validation === undefined) return { ...report, validationLoss: null };
      const index = report.round - 1;
      if (index === losses.length) {
        losses.push(await lossUnder(opened!, adapter, validation, options));
        await simulation!.keepLosses(losses);
      }
      return { ...report, validationLoss: losses[index] };
    };
    // A kill may have come between the end of a round and its evaluation.
    for (const report of await coordinator.reports())
      rounds.push(await evaluated(report, coordinator.adapter));
    const training = trainingFrom(coordinator.plan.training);
    while (coordinator.round !== null && !signal?.aborted) {
      const { round } = coordinator;
      for (let k = 0; k < clients; k++) {
        const name = nameOf(k);
        const folder = join(output, "clients", name);
        const client = (await ClientRounds.join(mailbox, { name, folder, base }))!;
        const next = await client.next(round - 1);
        if (next === null || "result" in next) {
          throw new SpokenError(phrase`${mailbox.place}: expected the adapter of round ${round}, got none`);
        }
        const learnt = await learnRound(opened, next, join(folder, ROWS_FILE), training, clientsOwn(options));
        if (learnt === null) return summary(null);
        const isHostile = k >= clients - hostile;
        const sent = isHostile
          ? await hostileAdapter(attack, next.start, learnt.adapter, {
              folder: join(next.folder, "hostile"),
              seed,
              client: `${round} ${name}`,
            })
          : learnt.adapter;
        await client.deliver(next, sent, isHostile && attack === "rows" ? CLAIMED_ROWS : learnt.rows);
        await client.sweep(round);
      }
      await coordinator.poll();
      rounds.push(await evaluated(await coordinator.close(), coordinator.adapter));
      yield rounds.at(-1)!;
    }
    if (coordinator.round !== null) return summary(null);
    const adapter = join(output, "adapter");
    await copyAdapter(await readAdapter(coordinator.adapter, opened.config), adapter);
    return summary(adapter);
  } catch (error) {
    if (isAbort(error, signal)) return summary(null);
    throw withField(error);
  } finally {
    opened?.dispose();
    await coordinator?.release();
    await simulation?.release();
  }
}

const nameOf = (client: number): string => `client-${String(client + 1).padStart(2, "0")}`;

function checkOptions(
  { hostile = 0, attack, alpha = ALPHA, splitBy, labelColumn }: SimulateFederationOptions,
  clients: number,
): void {
  // Of updates that are all refused there is no adapter to go on with.
  const most = attack === "nan" ? clients - 1 : clients;
  const faults = [
    ...(Number.isSafeInteger(clients) && clients >= 1
      ? []
      : [expectation("clients", "a whole number from 1", String(clients))]),
    ...(Number.isSafeInteger(hostile) && hostile >= 0 && hostile <= most
      ? []
      : [expectation("hostile", phrase`a whole number up to ${most}`, String(hostile))]),
    ...(alpha > 0 && Number.isFinite(alpha) ? [] : [expectation("alpha", "a number above 0", String(alpha))]),
    ...(splitBy === "label" && labelColumn === undefined
      ? [expectation("labelColumn", "the column of the labels by which rows are dealt", "nothing")]
      : []),
  ];
  if (faults.length > 0) throw new RecipeError(faults);
}

/** Deals the rows of a file to the clients' folders, once. @returns rows of each */
async function dealRows(
  { data, output, splitBy = "equal", alpha = ALPHA, labelColumn, seed = 0 }: SimulateFederationOptions,
  clients: number,
): Promise<number[]> {
  const rows: unknown[] = [];
  const labels: string[] = [];
  for await (const record of recordsOf(data, "data", "training")) {
    const place = { file: record.file, line: record.line };
    if ("error" in record) throw new RowError(null, record.error, place);
    rows.push(record.value);
    if (labelColumn === undefined) {
      labels.push("");
      continue;
    }
    const { value } = record;
    const label = isRecord(value) && Object.hasOwn(value, labelColumn) ? value[labelColumn] : undefined;
    if (typeof label !== "string" && typeof label !== "number")
      throw new RowError(
        labelColumn,
        phrase`expected a text or a number as label, got ${typeof label}`,
        place,
      );
    labels.push(String(label));
  }
  if (rows.length < clients)
    throw new RecipeError([
      expectation("data", phrase`at least ${clients} rows, one a client`, String(rows.length)),
    ]);
  const parts = splitRows(labels, { by: splitBy, clients, alpha, seed });
  for (const [k, part] of parts.entries()) {
    const file = join(output, "clients", nameOf(k), ROWS_FILE);
    const lines = part.map((row) => `${JSON.stringify(rows[row])}\n`).join("");
    if ((await statIfThere(file)) === null) await replaceFile(file, lines);
  }
  return parts.map(({ length }) => length);
}

/** Mean loss of rows under an adapter, by what of them the clients learn. The model is without an adapter before and after. */
async function lossUnder(
  opened: OpenedModel,
  adapter: string,
  data: string,
  { lossOn, reasoning, onEvent, signal }: SimulateFederationOptions,
): Promise<number | null> {
  await swapAdapter(opened.model, adapter, { onWarning: warningOf(onEvent) });
  try {
    const learnt = { ...(lossOn && { lossOn }), ...(reasoning && { reasoning }) };
    return (await evaluateModel({ model: opened, data, metrics: [], learnt, signal })).loss;
  } finally {
    await swapAdapter(opened.model, null);
  }
}

/** What a simulation comes to follows from: it does not go on with other settings. Where the files lie is not among them. */
async function settingsOf(options: SimulateFederationOptions): Promise<SimulationSettings> {
  const {
    clients = CLIENTS,
    rounds = ROUNDS,
    splitBy = "equal",
    alpha = ALPHA,
    labelColumn = null,
  } = options;
  const { hostile = 0, attack = "flip", seed = 0, data, validation, signal } = options;
  const { engine = "auto", precision = null, quantize = null } = options;
  const { maxTokens = null, overlong = null, lossOn = null, reasoning = null, rejectLimit = null } = options;
  return {
    clients,
    rounds,
    splitBy,
    alpha,
    labelColumn,
    hostile,
    attack,
    seed,
    data: (await hashFile(data, { signal })).sha256,
    validation: validation === undefined ? null : (await hashFile(validation, { signal })).sha256,
    engine: typeof engine === "string" ? engine : engine.name,
    precision,
    quantize,
    maxTokens,
    overlong,
    lossOn,
    reasoning,
    rejectLimit,
  };
}
