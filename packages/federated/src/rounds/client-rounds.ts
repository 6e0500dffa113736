import { join } from "node:path";
import { asPhrase, hashFile, phrase, removeFolder } from "@lathe/files";
import { federationKeys } from "../mailbox/federation-keys.js";
import type { Mailbox } from "../mailbox/mailbox.js";
import { MailboxError } from "../mailbox/mailbox-error.js";
import { isKeyPart } from "../mailbox/mailbox-key.js";
import {
  fetchFolder,
  type Manifest,
  postedFile,
  postFolder,
  readPostedJson,
} from "../mailbox/posted-folder.js";
import { FederationSettingsError } from "../settings-error.js";
import { shown } from "../text/shown.js";
import { WEIGHTS_FILE } from "../updates/adapter-files.js";
import { UpdateError } from "../updates/update-error.js";
import { type FederationPlan, readPlan } from "./federation-plan.js";
import { roundName } from "./round-name.js";
import { updateFields } from "./update-manifest.js";

/** A round that a client is to learn for. */
export interface ClientRound {
  readonly round: number;
  /** Folder of the client's own for all that belongs to the round. */
  readonly folder: string;
  /** Adapter folder to begin with. */
  readonly start: string;
}

/** A client's side of a federation: what is in the mailbox for it, and what it leaves there. Its rows go nowhere. */
export class ClientRounds {
  readonly #mailbox: Mailbox;
  readonly #name: string;
  readonly #folder: string;
  readonly #plan: FederationPlan;

  private constructor(mailbox: Mailbox, name: string, folder: string, plan: FederationPlan) {
    this.#mailbox = mailbox;
    this.#name = name;
    this.#folder = folder;
    this.#plan = plan;
  }

  /**
   * Joins the federation in a mailbox; null where there is none yet.
   * @param client its name, which no other may have (lower-case letters, digits, dots and dashes), a folder of its own, and the SHA-256 that
   * its model, the base, comes to
   * @throws FederationSettingsError where the name cannot be one; UpdateError where the model is another than the federation's
   */
  static async join(
    mailbox: Mailbox,
    client: { readonly name: string; readonly folder: string; readonly base: string },
  ): Promise<ClientRounds | null> {
    const { name, folder, base } = client;
    if (!isKeyPart(name))
      throw new FederationSettingsError(
        "name",
        "lower-case letters, digits, dots and dashes, up to 64",
        shown(name),
      );
    const plan = await readPlan(mailbox).catch(nullWhere(isIncomplete));
    if (plan === null) return null;
    if (plan.base !== base) {
      throw new UpdateError(
        "base",
        { within: mailbox.place, part: federationKeys.federation },
        phrase`the federation's model, of SHA-256 ${plan.base}`,
        phrase`another, of ${base}`,
      );
    }
    return new ClientRounds(mailbox, name, folder, plan);
  }

  get plan(): FederationPlan {
    return this.#plan;
  }

  /**
   * The newest round there is, if it is later than one; the result, brought into `adapter` of the folder, where all are over; null
   * where neither is there yet.
   */
  async next(after: number): Promise<ClientRound | { readonly result: string } | null> {
    const result = join(this.#folder, "adapter");
    if ((await this.#fetch(federationKeys.result, result)) !== null) return { result };
    let newest = after;
    while (newest < this.#plan.rounds && (await this.#isThere(federationKeys.start(newest + 1)))) newest++;
    if (newest === after) return null;
    const folder = join(this.#folder, `round-${roundName(newest)}`);
    const start = join(folder, "start");
    const manifest = await this.#fetch(federationKeys.start(newest), start);
    return manifest === null ? null : { round: newest, folder, start };
  }

  /** Whether a round is the newest still: what comes to another is not taken. */
  async isOpen(round: number): Promise<boolean> {
    return !(await this.#isThere(
      round < this.#plan.rounds ? federationKeys.start(round + 1) : federationKeys.result,
    ));
  }

  /**
   * Leaves what was learnt from rows; again where it is there already.
   * @param adapter folder of the adapter that came out of the round's start
   * @throws MailboxError where another client has left something under the same name
   */
  async deliver({ round, start }: ClientRound, adapter: string, rows: number): Promise<void> {
    const key = federationKeys.update(round, this.#name);
    // What is no manifest is none of another client, and goes.
    const found = await this.#manifest(key).catch(nullWhere((error) => error instanceof UpdateError));
    const own = (await hashFile(join(adapter, WEIGHTS_FILE))).sha256;
    const there = found && found["federation"] === this.#plan.id ? postedFile(found, WEIGHTS_FILE) : null;
    if (there !== null && there.sha256 !== own) {
      throw new MailboxError(
        `${this.#mailbox.place}/${key}`,
        asPhrase("another client delivers under this name: give each a name of its own"),
      );
    }
    await postFolder(
      this.#mailbox,
      key,
      adapter,
      updateFields({
        federation: this.#plan.id,
        round,
        client: this.#name,
        rows,
        base: this.#plan.base,
        start: (await hashFile(join(start, WEIGHTS_FILE))).sha256,
      }),
    );
  }

  /** Removes what rounds before one have left in the folder. */
  async sweep(before: number): Promise<void> {
    for (let round = 1; round < before; round++)
      await removeFolder(join(this.#folder, `round-${roundName(round)}`));
  }

  async #isThere(key: string): Promise<boolean> {
    const manifest = await this.#manifest(key);
    return manifest !== null && manifest["federation"] === this.#plan.id;
  }

  /** The manifest under a key; null where there is none, or not a whole one yet. */
  async #manifest(key: string): Promise<Readonly<Record<string, unknown>> | null> {
    return await readPostedJson(this.#mailbox, `${key}/manifest.json`).catch(nullWhere(isIncomplete));
  }

  /** Brings an adapter of this federation; null where it is not there, or not whole yet. */
  async #fetch(key: string, into: string): Promise<Manifest | null> {
    return await fetchFolder(this.#mailbox, key, into, ({ federation }, place) => {
      if (federation !== this.#plan.id)
        throw new UpdateError("federation", place, phrase`federation ${this.#plan.id}`, shown(federation));
      return true;
    }).catch(nullWhere(isIncomplete));
  }
}

const isIncomplete = (error: unknown): boolean =>
  error instanceof UpdateError && error.fault === "incomplete";

const nullWhere =
  (isNothing: (error: unknown) => boolean) =>
  (error: unknown): null => {
    if (isNothing(error)) return null;
    throw error;
  };
