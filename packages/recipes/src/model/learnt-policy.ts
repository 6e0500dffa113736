import { join } from "node:path";
import {
  LOSS_TURNS,
  type LossTurns,
  REASONING_POLICIES,
  type ReasoningPolicy,
  TokenDataset,
} from "@lathe/data";
import { fileFaults, isRecord, phrase, readJsonIfThere } from "@lathe/files";
import { isTokenFile, type RowsInput } from "../rows/rows-input.js";
import { type OnRecipeEvent, warningOf } from "../recipe-event.js";

/** What of replies a model has learnt. */
export interface LearntPolicy {
  /** What became of their reasoning. */
  readonly reasoning: ReasoningPolicy;
  /** Which of a dialogue's replies were learnt. */
  readonly lossOn: LossTurns;
}

/** A policy that stands beside weights. */
export interface StoredPolicy extends LearntPolicy {
  /** Folder of the adapter or the model. */
  readonly folder: string;
}

/** File beside an adapter's or a model's weights that says what they have learnt of replies; other programs pass over it. */
export const POLICY_FILE = "lathe.json";

const POLICY_BYTES_LIMIT = 1024 * 1024;

const SHOWN_CHARACTERS = 100;

/** What is learnt where nobody says otherwise. */
const usual: LearntPolicy = { reasoning: "keep", lossOn: "all" };

/**
 * The policy that stands beside the weights of a folder; null where none does.
 * @throws FileError naming the key that is not as it should be
 */
export async function readPolicy(folder: string): Promise<StoredPolicy | null> {
  const path = join(folder, POLICY_FILE);
  const value = await readJsonIfThere(path, { limit: POLICY_BYTES_LIMIT });
  if (value === undefined) return null;
  const shown = (part: unknown): string => (JSON.stringify(part) ?? "nothing").slice(0, SHOWN_CHARACTERS);
  if (!isRecord(value)) throw fileFaults(path)("a JSON object", shown(value));
  const one = <Name extends string>(key: string, names: readonly Name[]): Name => {
    const name = names.find((known) => known === value[key]);
    if (name !== undefined) return name;
    throw fileFaults(path)(phrase`one of ${names.join(", ")} as ${key}`, shown(value[key]));
  };
  return { folder, reasoning: one("reasoning", REASONING_POLICIES), lossOn: one("lossOn", LOSS_TURNS) };
}

/** A policy as a file beside weights, by its name and text; no file for none. */
export function policyFiles(policy: LearntPolicy | null): ReadonlyMap<string, string> {
  if (policy === null) return new Map();
  const { reasoning, lossOn } = policy;
  return new Map([[POLICY_FILE, `${JSON.stringify({ reasoning, lossOn }, null, 2)}\n`]]);
}

/** The policy that an adapter was trained under, or else the model below it; null where neither says. */
export async function policyOf(
  model: { readonly policy: StoredPolicy | null },
  adapter: string | undefined,
): Promise<StoredPolicy | null> {
  return (adapter === undefined ? null : await readPolicy(adapter)) ?? model.policy;
}

/** The policy that rows are learnt under: that of the options, or what prepared tokens were made with. */
export async function policyOfRows(
  data: RowsInput | undefined,
  { reasoning, lossOn }: { readonly [Key in keyof LearntPolicy]?: LearntPolicy[Key] | undefined },
): Promise<LearntPolicy> {
  const asked = { reasoning: reasoning ?? usual.reasoning, lossOn: lossOn ?? usual.lossOn };
  if (!isTokenFile(data)) return asked;
  const tokens = await TokenDataset.open(data);
  try {
    const made = tokens.metadata;
    return { reasoning: made?.reasoning ?? asked.reasoning, lossOn: made?.lossOn ?? asked.lossOn };
  } finally {
    tokens.close();
  }
}

/**
 * The policy to work with: what is asked for, and for the rest that of the first of the weights that have one. Weights that were
 * trained under another are told.
 */
export function followPolicy(
  asked: { readonly [Key in keyof LearntPolicy]?: LearntPolicy[Key] | undefined },
  stored: readonly (StoredPolicy | null)[],
  keys: readonly (keyof LearntPolicy)[],
  onEvent: OnRecipeEvent | undefined,
): LearntPolicy {
  const known = stored.filter((policy) => policy !== null);
  const followed: LearntPolicy = known.at(0) ?? usual;
  const taken: LearntPolicy = {
    lossOn: asked.lossOn ?? followed.lossOn,
    reasoning: asked.reasoning ?? followed.reasoning,
  };
  const warn = warningOf(onEvent);
  for (const policy of known) {
    for (const key of keys) {
      if (policy[key] === taken[key]) continue;
      warn(phrase`${policy.folder} was trained with ${key} ${policy[key]}, and ${taken[key]} is used here`);
    }
  }
  return taken;
}
