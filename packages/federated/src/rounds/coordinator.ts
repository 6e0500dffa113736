import { createHash, randomUUID } from "node:crypto";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  asPhrase,
  type HashedFile,
  hashFile,
  isRecord,
  type Lock,
  lockWithin,
  phrase,
  readJsonIfThere,
  replaceFile,
  replaceFolder,
  sayPhrase,
  statIfThere,
  takeLock,
} from "@lathe/files";
import { writeSafetensors } from "@lathe/model";
import { aggregate, type ClientUpdate, trimmedAtEachEnd } from "../aggregate/aggregate.js";
import type { AggregationSettings } from "../aggregate/aggregation-settings.js";
import { federationKeys } from "../mailbox/federation-keys.js";
import type { Mailbox } from "../mailbox/mailbox.js";
import { MailboxError } from "../mailbox/mailbox-error.js";
import { fetchFolder, postFolder, postJson } from "../mailbox/posted-folder.js";
import { epsilonOf } from "../privacy/epsilon.js";
import { secureChance, secureNoise, seededChance, seededNoise } from "../privacy/gaussian-noise.js";
import { FederationSettingsError } from "../settings-error.js";
import { shown } from "../text/shown.js";
import { type AdapterFile, openAdapterFile } from "../updates/adapter-file.js";
import { ADAPTER_FILES, WEIGHTS_FILE } from "../updates/adapter-files.js";
import { openUpdate } from "../updates/check-update.js";
import { isSameAdapter } from "../updates/is-same-adapter.js";
import { UpdateError } from "../updates/update-error.js";
import { type FederationPlan, postPlan, readPlan } from "./federation-plan.js";
import type { RefusedUpdate, RoundReport, RoundStanding } from "./round-report.js";
import { roundName } from "./round-name.js";
import { checkUpdateManifest } from "./update-manifest.js";

/** What a {@link Coordinator} works with. */
export interface CoordinatorOptions {
  readonly mailbox: Mailbox;
  /** Folder of its own, in which its rounds survive a kill. */
  readonly folder: string;
  /** What all parties are to know. */
  readonly plan: Omit<FederationPlan, "id">;
  /** Adapter folder that the first round begins with. */
  readonly start: string;
  readonly aggregation: AggregationSettings;
  /** Clients that a round needs. */
  readonly minClients: number;
  /** Clients after which a round waits for no other; null where that is not known. */
  readonly clients: number | null;
  /** Seconds that a round waits for clients before it does with `minClients`. */
  readonly deadline: number;
  /**
   * Seed of noise and samples, for simulations alone: whoever knows it takes the noise off again. Null for the system's cryptographic
   * source.
   */
  readonly seed: number | null;
  /** Milliseconds since 1970. @defaultValue the clock of the system */
  readonly now?: () => number;
}

/** Largest JSON file of its own that is read, in bytes. */
const JSON_LIMIT = 16_000_000;

const SETTINGS_FILE = "federation.json";
const OPENED_FILE = "opened.json";
const REPORT_FILE = "report.json";

/** Bytes by which the weights of an update may be more than twice those of the round's adapter, which has two bytes a number or four. */
const SPARE_BYTES = 1_000_000;

/** An update that was looked at, by the manifest that it had. */
interface SeenUpdate {
  readonly manifest: string;
  readonly rows: number;
  readonly refused: RefusedUpdate | null;
}

/**
 * Leads the rounds of a federation through a mailbox: leaves the adapter that a round begins with, takes the updates that come, makes
 * one adapter of them and leaves that for the next round. Any party may do it.
 *
 * A round is closed in the folder first, as a whole or not at all, and published from there. A coordinator that was killed goes on with
 * the same adapter to the last bit, so that a round's noise is drawn once, and nobody sees two releases where the ledger counts one.
 */
export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #lock: Lock;
  readonly #plan: FederationPlan;
  #round: number;
  #openedAt = 0;
  /** The weights that the round began with. */
  #start: HashedFile = { bytes: 0, sha256: "" };
  /** What became of the round before; null in the first. */
  #before: RoundReport | null = null;
  readonly #seen = new Map<string, SeenUpdate>();

  private constructor(options: CoordinatorOptions, lock: Lock, plan: FederationPlan, round: number) {
    this.#options = options;
    this.#lock = lock;
    this.#plan = plan;
    this.#round = round;
  }

  /**
   * Begins a federation, or goes on with the one in the folder.
   * @throws FederationSettingsError where settings contradict each other or those that it was begun with; MailboxError where the
   *   mailbox holds another federation; LockedError where another process leads it
   */
  static async open(options: CoordinatorOptions): Promise<Coordinator> {
    checkCounts(options);
    const lock = await takeLock(lockWithin(options.folder), options.folder);
    try {
      const plan = await ownPlan(options);
      let round = 1;
      while (await statIfThere(join(roundFolder(options.folder, round), REPORT_FILE))) round++;
      const coordinator = new Coordinator(options, lock, plan, round);
      coordinator.#before = (await coordinator.reports()).at(-1) ?? null;
      await coordinator.#publish();
      return coordinator;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Number of the open round, from 1; null when all are closed. */
  get round(): number | null {
    return this.#round > this.#plan.rounds ? null : this.#round;
  }

  get plan(): FederationPlan {
    return this.#plan;
  }

  /** Folder of the adapter that the open round begins with, or that came out at the end. */
  get adapter(): string {
    const { folder } = this.#options;
    return this.#round === 1 ? join(folder, "start") : join(roundFolder(folder, this.#round - 1), "adapter");
  }

  /** The reports of the rounds that are closed, in order. */
  async reports(): Promise<RoundReport[]> {
    const reports: RoundReport[] = [];
    for (let round = 1; round < this.#round; round++) {
      const path = join(roundFolder(this.#options.folder, round), REPORT_FILE);
      reports.push((await readJsonIfThere(path, { limit: JSON_LIMIT })) as RoundReport);
    }
    return reports;
  }

  /** Looks for updates. @throws MailboxError where the mailbox does not answer */
  async poll(): Promise<RoundStanding> {
    const { mailbox, minClients, clients, deadline, now = Date.now } = this.#options;
    const pending: string[] = [];
    for (const client of await mailbox.list(federationKeys.updates(this.#round))) {
      if (this.#seen.get(client)?.refused === null) continue;
      if (!(await this.#look(client))) pending.push(client);
    }
    const taken = [...this.#seen].flatMap(([client, { refused }]) => (refused === null ? [client] : []));
    const secondsLeft = Math.max(0, deadline - (now() - this.#openedAt) / 1000);
    const isComplete = clients !== null && taken.length >= clients;
    return {
      round: this.#round,
      taken,
      refused: this.#refused(),
      pending,
      late: await this.#late(),
      isDue: isComplete || (secondsLeft === 0 && taken.length >= minClients),
      secondsLeft,
    };
  }

  /**
   * Closes the open round with the updates that are here, and opens the next or leaves the result.
   * @throws FederationSettingsError where there is none
   */
  async close(): Promise<RoundReport> {
    const { mailbox, folder, aggregation, seed, now = Date.now } = this.#options;
    const round = this.#round;
    const { privacy } = aggregation;
    for (const client of await mailbox.list(federationKeys.updates(round))) {
      if (this.#seen.get(client)?.refused === null || (await this.#look(client))) continue;
      const place = { within: mailbox.place, part: federationKeys.update(round, client) };
      this.#refuse(client, "", new UpdateError("incomplete", place, "a whole update", "a part of one"));
    }
    const delivered = [...this.#seen]
      .filter(([, { refused }]) => refused === null)
      .sort(([one], [other]) => (one < other ? -1 : 1));
    const drawn = delivered.filter(([client]) => {
      const rate = privacy?.samplingRate ?? 1;
      return seed === null ? secureChance(rate) : seededChance(seed, `${round} ${client}`, rate);
    });
    const global = await openAdapterFile(this.adapter);
    const files: AdapterFile[] = [global];
    try {
      const updates: ClientUpdate[] = [];
      for (const [client, { rows }] of drawn) {
        const tensors = await openUpdate(this.#inbox(client), this.adapter, global);
        files.push(tensors);
        updates.push({ client, rows, tensors });
      }
      const noise = seed === null ? secureNoise() : seededNoise(seed, String(round));
      const { tensors, ...aggregated } = await aggregate(global, updates, aggregation, privacy && noise);
      const report: RoundReport = {
        round,
        ...aggregated,
        refused: this.#refused(),
        delivered: delivered.length,
        epsilon: privacy && epsilonOf({ ...privacy, rounds: round }).epsilon,
        seconds: (now() - this.#openedAt) / 1000,
      };
      await replaceFolder(roundFolder(folder, round), async (into) => {
        const adapter = join(into, "adapter");
        await cp(this.adapter, adapter, { recursive: true });
        await writeSafetensors(
          join(adapter, WEIGHTS_FILE),
          tensors.map((tensor) => ({ ...tensor, dtype: "F32" })),
          { format: "pt" },
        );
        await replaceFile(join(into, REPORT_FILE), `${JSON.stringify(report, null, 2)}\n`);
      });
      this.#round++;
      this.#before = report;
      this.#seen.clear();
      await this.#publish();
      await rm(join(folder, "inbox"), { recursive: true, force: true });
      return report;
    } finally {
      for (const file of files) await file.close();
    }
  }

  /** Lets another process lead the federation. */
  async release(): Promise<void> {
    await this.#lock.release();
  }

  /** Leaves in the mailbox what is to be there now, whatever of it is there already. */
  async #publish(): Promise<void> {
    const { mailbox, folder, now = Date.now } = this.#options;
    const { id: federation, base } = this.#plan;
    const fields = { federation, base };
    this.#start = await hashFile(join(this.adapter, WEIGHTS_FILE));
    // Who was taken is not said: where clients are drawn, the budget holds for whoever does not know that.
    if (this.#before) {
      const { round, delivered } = this.#before;
      const refused = this.#before.refused.map(({ client, fault, reason }) => ({ client, fault, reason }));
      await postJson(mailbox, federationKeys.closed(round), { ...fields, round, delivered, refused });
    }
    if (this.#round > this.#plan.rounds) {
      await postFolder(mailbox, federationKeys.result, this.adapter, { format: "lathe-result", ...fields });
      return;
    }
    const opened = await readJsonIfThere(join(folder, OPENED_FILE), { limit: JSON_LIMIT });
    const since = isRecord(opened) && opened["round"] === this.#round ? opened["at"] : null;
    this.#openedAt = typeof since === "number" ? since : now();
    await replaceFile(
      join(folder, OPENED_FILE),
      `${JSON.stringify({ round: this.#round, at: this.#openedAt })}\n`,
    );
    await postFolder(mailbox, federationKeys.start(this.#round), this.adapter, {
      format: "lathe-round",
      ...fields,
      round: this.#round,
    });
    await postPlan(mailbox, this.#plan);
  }

  #inbox(client: string): string {
    return join(this.#options.folder, "inbox", client);
  }

  /** Looks at what a client left. @returns whether it is whole: taken or refused */
  async #look(client: string): Promise<boolean> {
    const { mailbox } = this.#options;
    const key = federationKeys.update(this.#round, client);
    const before = this.#seen.get(client);
    let hash = "";
    let rows = 0;
    let isSeen = false;
    try {
      const manifest = await fetchFolder(mailbox, key, this.#inbox(client), (found, place) => {
        hash = createHash("sha256").update(JSON.stringify(found)).digest("hex");
        // What was refused is looked at again when it is another.
        isSeen = before?.manifest === hash;
        if (isSeen) return false;
        rows = checkUpdateManifest(found, place, {
          federation: this.#plan.id,
          round: this.#round,
          client,
          base: this.#plan.base,
          start: this.#start.sha256,
        });
        const { bytes } = found.files[WEIGHTS_FILE];
        const most = 2 * this.#start.bytes + SPARE_BYTES;
        if (bytes > most)
          throw new UpdateError(
            "tensors",
            place,
            phrase`weights of up to ${most} bytes`,
            phrase`${bytes} bytes`,
          );
        return true;
      });
      if (manifest === null) return isSeen;
      const global = await openAdapterFile(this.adapter);
      try {
        const file = await openUpdate(this.#inbox(client), this.adapter, global);
        await file.close();
      } finally {
        await global.close();
      }
      this.#seen.set(client, { manifest: hash, rows, refused: null });
      return true;
    } catch (error) {
      if (!(error instanceof UpdateError)) throw error;
      if (error.fault === "incomplete") return false;
      // Files behind a manifest may change without it: what could not be read is looked at again.
      this.#refuse(client, error.fault === "unreadable" ? "" : hash, error);
      return true;
    }
  }

  #refuse(client: string, manifest: string, error: UpdateError): void {
    const { fault, published } = error;
    const refused = { client, fault, reason: sayPhrase(published), phrase: published };
    this.#seen.set(client, { manifest, rows: 0, refused });
  }

  #refused(): RefusedUpdate[] {
    return [...this.#seen.values()].flatMap(({ refused }) => refused ?? []);
  }

  /** Clients whose updates to the round before came when it was closed. */
  async #late(): Promise<string[]> {
    const before = this.#before;
    if (before === null) return [];
    const known = new Set([...before.clients, ...before.refused].map(({ client }) => client));
    const names = await this.#options.mailbox.list(federationKeys.updates(before.round));
    // Of clients that were not drawn nothing is kept, so that nothing can be said of them.
    if (before.delivered > before.clients.length) return [];
    return names.filter((client) => !known.has(client));
  }
}

function roundFolder(folder: string, round: number): string {
  return join(folder, "rounds", roundName(round));
}

/** @throws FederationSettingsError */
function checkCounts({ plan, minClients, clients, deadline, aggregation }: CoordinatorOptions): void {
  const whole = (key: string, value: number): void => {
    if (!(Number.isSafeInteger(value) && value >= 1))
      throw new FederationSettingsError(key, phrase`a whole number from ${1}`, value);
  };
  whole("rounds", plan.rounds);
  whole("minClients", minClients);
  if (clients !== null) whole("clients", clients);
  if (clients !== null && clients < minClients)
    throw new FederationSettingsError("clients", phrase`at least minClients, ${minClients}`, clients);
  if (!(deadline >= 0 && Number.isFinite(deadline)))
    throw new FederationSettingsError("deadline", "seconds from 0", deadline);
  const { rule, trim, privacy } = aggregation;
  if (rule === "trimmed-mean" && trim > 0 && trimmedAtEachEnd(minClients, trim) === 0) {
    throw new FederationSettingsError(
      "minClients",
      phrase`so many that a share of ${trim} is one of them`,
      minClients,
      "a trimmed mean of fewer leaves out nobody",
    );
  }
  if (privacy && clients !== null && clients > privacy.clients)
    throw new FederationSettingsError(
      "privacy.clients",
      phrase`at least clients, ${clients}`,
      privacy.clients,
    );
}

/** The plan in the folder, or a new one, whose adapter is copied there. */
async function ownPlan({
  mailbox,
  folder,
  plan,
  start,
  aggregation,
  seed,
}: CoordinatorOptions): Promise<FederationPlan> {
  const path = join(folder, SETTINGS_FILE);
  const settings = JSON.parse(JSON.stringify({ ...plan, aggregation, seed })) as Record<string, unknown>;
  const stored = await readJsonIfThere(path, { limit: JSON_LIMIT });
  const inMailbox = await readPlan(mailbox);
  if (isRecord(stored) && typeof stored["id"] === "string") {
    const { id, ...begun } = stored;
    const changed = Object.keys(settings).find((key) => !isDeepStrictEqual(settings[key], begun[key]));
    if (changed !== undefined) {
      throw new FederationSettingsError(
        changed,
        phrase`${shown(begun[changed])}, as the federation in ${folder} was begun`,
        shown(settings[changed]),
        "go on with the same, or begin another in another folder and mailbox",
      );
    }
    if (!(await isSameAdapter(start, join(folder, "start")))) {
      throw new FederationSettingsError(
        "start",
        phrase`the adapter that the federation in ${folder} was begun with`,
        asPhrase("another, by its weights or its config"),
        "go on with the same, or begin another in another folder and mailbox",
      );
    }
    checkMailbox(mailbox, inMailbox, id);
    return { ...plan, id };
  }
  const id = randomUUID();
  checkMailbox(mailbox, inMailbox, id);
  await replaceFolder(join(folder, "start"), async (into) => {
    for (const name of ADAPTER_FILES) await cp(join(start, name), join(into, name));
  });
  await replaceFile(path, `${JSON.stringify({ id, ...settings }, null, 2)}\n`);
  return { ...plan, id };
}

function checkMailbox({ place }: Mailbox, found: FederationPlan | null, id: string): void {
  if (found === null || found.id === id) return;
  throw new MailboxError(
    place,
    asPhrase(
      "holds another federation: give a mailbox of its own, or the folder that the other was begun in",
    ),
  );
}
