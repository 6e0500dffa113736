import { setTimeout as sleep } from "node:timers/promises";
import { Coordinator, openMailbox, type RoundReport, type RoundStanding } from "@lathe/federated";
import { checkPositive } from "./check-positive.js";
import { withField } from "../fields-of-packages.js";
import type { RecipeHooks } from "../recipe-event.js";
import { baseHash } from "./base-hash.js";
import {
  type AggregationFields,
  aggregationOf,
  type ClientTraining,
  type FirstAdapter,
  trainingOf,
} from "./federation-fields.js";
import { withFirstAdapter } from "./with-first-adapter.js";
import { isAbort } from "./is-abort.js";

/** What {@link coordinateFederation} leads, and through which mailbox. */
export interface CoordinateFederationOptions
  extends AggregationFields, ClientTraining, FirstAdapter, RecipeHooks {
  /** Folder that all parties see, or an address of an object store: `s3://bucket/prefix`, `https://host/bucket/prefix?…`. */
  readonly mailbox: string;
  /** Folder of the coordinator's own, in which its rounds survive a kill. The same call goes on with them. */
  readonly output: string;
  /** Folder of the base model, which every party has. Its weights are hashed and not computed with. */
  readonly model: string;
  /** @defaultValue 10 */
  readonly rounds?: number | undefined;
  /** Clients that a round needs. @defaultValue 2 */
  readonly minClients?: number | undefined;
  /** Clients after which a round waits for no other; with noise, all that there are. */
  readonly clients?: number | undefined;
  /** Seconds after which a round does with `minClients`. @defaultValue 3600 */
  readonly deadline?: number | undefined;
  /** Seconds between two looks into the mailbox. @defaultValue 5 */
  readonly poll?: number | undefined;
  /** Hears how an open round stands, whenever that changes. */
  readonly onStanding?: ((standing: RoundStanding) => void) | undefined;
}

/** How a federation ended: plain data, fit for JSON. */
export interface FederationSummary {
  /** Folder of the adapter after the last round; of the newest one where the signal ended it before, null where there was none yet. */
  readonly adapter: string | null;
  readonly rounds: readonly RoundReport[];
  /** δ that the rounds' ε hold for; null where nothing is promised. */
  readonly delta: number | null;
  readonly interrupted: boolean;
}

const ROUNDS = 10;
const MIN_CLIENTS = 2;
const DEADLINE_SECONDS = 3600;
const POLL_SECONDS = 5;

/**
 * Leads the rounds of a federation and yields the report of each as it is closed. Any party may do it: it sees the clients' adapters,
 * never their rows, and needs to be reached by nobody, as all goes through the mailbox.
 *
 * When the signal aborts, the iterator ends; the same call goes on with the round that was open.
 *
 * @throws RecipeError naming the field; AdapterFileError, WeightsError, ModelConfigError, MailboxError, LockedError
 */
export async function* coordinateFederation(
  options: CoordinateFederationOptions,
): AsyncGenerator<RoundReport, FederationSummary, undefined> {
  const {
    mailbox: place,
    output,
    model,
    rounds = ROUNDS,
    minClients = MIN_CLIENTS,
    clients,
    signal,
  } = options;
  const { deadline = DEADLINE_SECONDS, poll = POLL_SECONDS, onStanding } = options;
  checkPositive({ poll });
  const aggregation = aggregationOf(options, clients);
  const mailbox = openMailbox(place, { signal });
  let coordinator: Coordinator | null = null;
  const summary = async (interrupted: boolean): Promise<FederationSummary> => ({
    adapter: coordinator?.adapter ?? null,
    rounds: (await coordinator?.reports()) ?? [],
    delta: aggregation.privacy?.delta ?? null,
    interrupted,
  });
  try {
    const base = await baseHash(model, options);
    coordinator = await withFirstAdapter(
      model,
      options,
      async (start) =>
        await Coordinator.open({
          mailbox,
          folder: output,
          plan: { rounds, base, training: trainingOf(options) },
          start,
          aggregation,
          minClients,
          clients: clients ?? null,
          deadline,
          seed: null,
        }),
    );
    let told = "";
    while (coordinator.round !== null && !signal?.aborted) {
      const standing = await coordinator.poll();
      const { secondsLeft, ...state } = standing;
      if (JSON.stringify(state) !== told) onStanding?.(standing);
      told = JSON.stringify(state);
      if (standing.isDue) yield await coordinator.close();
      else await sleep(poll * 1000, undefined, { signal }).catch(() => undefined);
    }
    return await summary(coordinator.round !== null);
  } catch (error) {
    if (isAbort(error, signal)) return await summary(true);
    throw withField(error);
  } finally {
    await coordinator?.release();
    await mailbox.close();
  }
}
