import { phrase } from "@lathe/files";
import { checkInterface } from "../launch/launch-command.js";
import { LaunchError } from "../launch/launch-error.js";

/** A run that a cluster is to carry out. */
export interface ClusterPlan {
  /** Of the job: small letters, digits, hyphens. */
  readonly name: string;
  readonly ranks: number;
  /** Of each rank. */
  readonly cores: number;
  /** Of each rank, in 10⁹ bytes. */
  readonly memoryGb: number;
  /** Longest time of a start, in hours. */
  readonly hours: number;
  /** Starts after the first, at most. */
  readonly restarts: number;
  /** Interface or subnet that ranks talk over; null for what the library finds. */
  readonly interface: string | null;
  /** The verb and its options, such as `train --config run.yaml --output runs/two`. */
  readonly words: readonly string[];
  /** Folder of the run, as the words have it. */
  readonly output: string;
}

/** Files by their names, as texts. */
export type ClusterFiles = Readonly<Record<string, string>>;

const NAME = /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const WHOLE = ["ranks", "cores", "memoryGb", "hours"] as const;

/** @throws LaunchError where a cluster would not take the plan */
export function checkClusterPlan(plan: ClusterPlan): void {
  if (plan.interface !== null) checkInterface(plan.interface);
  if (!NAME.test(plan.name)) {
    throw new LaunchError(
      "options",
      phrase`expected a name of at most 40 small letters, digits and hyphens that begins with a letter, got ${plan.name}`,
    );
  }
  const odd = WHOLE.find((key) => !Number.isSafeInteger(plan[key]) || plan[key] < 1);
  if (odd !== undefined)
    throw new LaunchError(
      "options",
      phrase`${odd}: expected a whole number from 1, got ${String(plan[odd])}`,
    );
  if (!Number.isSafeInteger(plan.restarts) || plan.restarts < 0) {
    throw new LaunchError(
      "options",
      phrase`restarts: expected a whole number from 0, got ${String(plan.restarts)}`,
    );
  }
}
