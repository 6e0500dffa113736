import { setTimeout as sleep } from "node:timers/promises";
import { ClientRounds, openMailbox } from "@lathe/federated";
import { withField } from "../fields-of-packages.js";
import { type EngineOptions, type OpenedModel, openModel } from "../model/open-model.js";
import type { RecipeHooks } from "../recipe-event.js";
import { baseHash } from "./base-hash.js";
import { checkPositive } from "./check-positive.js";
import { trainingFrom } from "./federation-fields.js";
import { isAbort } from "./is-abort.js";
import { clientsOwn, learnRound, type LearnRoundOptions } from "./learn-round.js";

/** Who takes part in a federation, with which rows. */
export interface JoinFederationOptions
  extends Omit<LearnRoundOptions, keyof RecipeHooks>, EngineOptions, RecipeHooks {
  /** Folder that all parties see, or an address of an object store. */
  readonly mailbox: string;
  /** Folder of the base model: the same files as the coordinator's. */
  readonly model: string;
  /** Rows to learn, which go nowhere. */
  readonly data: string;
  /** Name in the federation, which no other client has: lower-case letters, digits, dots and dashes. */
  readonly name: string;
  /** Folder of the client's own, in which its rounds survive a kill. The same call goes on with them. */
  readonly output: string;
  /** Seconds between two looks into the mailbox. @defaultValue 5 */
  readonly poll?: number | undefined;
}

/** What a client did in a round: plain data, fit for JSON. */
export interface JoinedRound {
  readonly round: number;
  readonly rows: number;
  readonly steps: number;
  /** Mean loss of the round's steps, which stays with the client; null where all were done before. */
  readonly loss: number | null;
  /** Whether it was left in the mailbox: not where the round was over by then. */
  readonly delivered: boolean;
}

/** How a federation ended for a client. */
export interface JoinSummary {
  /** Folder of the adapter after the last round; null where the signal ended it before. */
  readonly adapter: string | null;
  readonly rounds: readonly JoinedRound[];
  readonly interrupted: boolean;
}

const POLL_SECONDS = 5;

/**
 * Takes part in a federation with rows that stay where they are, and yields what was done in each round. It waits for the federation
 * and for rounds; whoever comes late begins with the newest round.
 *
 * When the signal aborts, the iterator ends; the same call goes on, a run within a round from its newest checkpoint.
 *
 * @throws RecipeError naming the field; UpdateError where the model is another than the federation's; MailboxError; what `finetune` throws
 */
export async function* joinFederation(
  options: JoinFederationOptions,
): AsyncGenerator<JoinedRound, JoinSummary, undefined> {
  const { mailbox: place, model: path, data, name, output, poll = POLL_SECONDS, signal, onEvent } = options;
  checkPositive({ poll });
  const rest = async (): Promise<void> => {
    await sleep(poll * 1000, undefined, { signal }).catch(() => undefined);
  };
  const mailbox = openMailbox(place, { signal });
  const rounds: JoinedRound[] = [];
  const interrupted = (): JoinSummary => ({ adapter: null, rounds, interrupted: true });
  let opened: OpenedModel | null = null;
  try {
    const base = await baseHash(path, options);
    let client: ClientRounds | null = null;
    while (client === null) {
      if (signal?.aborted) return interrupted();
      client = await ClientRounds.join(mailbox, { name, folder: output, base });
      if (client === null) await rest();
    }
    const { engine, precision, quantize } = options;
    opened = await openModel(path, { engine, precision, quantize, onEvent, signal });
    const training = trainingFrom(client.plan.training);
    for (let done = 0; !signal?.aborted;) {
      const next = await client.next(done);
      if (next === null) {
        await rest();
        continue;
      }
      if ("result" in next) return { adapter: next.result, rounds, interrupted: false };
      const learnt = await learnRound(opened, next, data, training, clientsOwn(options));
      if (learnt === null) break;
      const { adapter, ...report } = learnt;
      const delivered = await client.isOpen(next.round);
      if (delivered) await client.deliver(next, adapter, learnt.rows);
      done = next.round;
      await client.sweep(done);
      const joined = { round: done, ...report, delivered };
      rounds.push(joined);
      yield joined;
    }
    return interrupted();
  } catch (error) {
    if (isAbort(error, signal)) return interrupted();
    throw withField(error);
  } finally {
    opened?.dispose();
    await mailbox.close();
  }
}
