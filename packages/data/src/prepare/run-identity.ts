import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { asPhrase, hashFile, isRecord, type Phrase } from "@lathe/files";
import { describeCleaning } from "../clean/cleaning-options.js";
import { OptionError } from "../option-error.js";
import { filesOf, type ResolvedPrepareOptions } from "./prepare-options.js";

const { version } = createRequire(import.meta.url)("../../package.json") as { readonly version: string };

/** A file as it was read. */
export interface HashedInput {
  /** Its path, or the name that it goes by. */
  readonly file: string;
  readonly bytes: number;
  /** Of the whole file, as hexadecimal digits. */
  readonly sha256: string;
}

/** All that the bytes of a prepared folder follow from. */
export interface RunIdentity {
  readonly version: string;
  readonly inputs: readonly HashedInput[];
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The settings as the manifest of the prepared folder states them. */
export function settingsOf(options: ResolvedPrepareOptions): Record<string, unknown> {
  return {
    split: options.split,
    seed: options.seed,
    groupBy: options.groupBy,
    stratify: options.stratify,
    nearDuplicates: options.nearDuplicates ?? "off",
    keepNearDuplicates: options.keepNearDuplicates,
    map: Object.fromEntries([...options.columns].map(([column, key]) => [key, column])),
    cleaning: describeCleaning(options.cleaning),
    rejectLimit: options.rejectLimit,
    tokenizer: options.tokenizer === null ? null : options.tokenizerHashes,
    maxTokens: options.maxTokens,
    ...(options.tokenizer === null
      ? {}
      : { overlong: options.overlong, lossOn: options.lossOn, reasoning: options.reasoning }),
  };
}

/**
 * Reads every input file through for its hash.
 *
 * @throws OptionError when a run that may be resumed has rows in memory, which cannot be held against those of another process
 */
export async function identify(options: ResolvedPrepareOptions): Promise<RunIdentity> {
  if (options.resume && filesOf(options.inputs).length < options.inputs.length) {
    throw new OptionError("resume", "files as inputs", "rows in memory");
  }
  const inputs: HashedInput[] = [];
  for (const { name, file } of filesOf(options.inputs))
    inputs.push({ file: name, ...(await hashFile(file)) });
  const { allow, key } = options.cleaning.personalData;
  const settings = {
    ...settingsOf(options),
    // The manifest says nothing of them but whether they are there; a digest tells one from another.
    personalData: [allow.join("\n"), key === null ? "" : Buffer.from(key).toString("hex")].map((text) =>
      createHash("sha256").update(text).digest("hex"),
    ),
  };
  return { version, inputs, settings };
}

/** A digest of all that a run's bytes follow from: it tells one run from another, and nothing of what they were. */
export function digestOf(identity: RunIdentity): string {
  return createHash("sha256").update(JSON.stringify(identity)).digest("hex");
}

/** The first thing in which a run differs from the one whose identity was read back; null where they are the same. */
export function changedSince(before: unknown, now: RunIdentity): string | Phrase | null {
  if (!isRecord(before) || before.version !== now.version) return asPhrase("the version of Lathe");
  const known = Array.isArray(before.inputs) ? (before.inputs as readonly unknown[]) : [];
  for (const [index, input] of now.inputs.entries()) {
    if (JSON.stringify(known[index]) !== JSON.stringify(input)) return input.file;
  }
  if (known.length !== now.inputs.length) return asPhrase("the list of inputs");
  const settings = isRecord(before.settings) ? before.settings : {};
  const names = [...new Set([...Object.keys(now.settings), ...Object.keys(settings)])];
  return names.find((name) => JSON.stringify(settings[name]) !== JSON.stringify(now.settings[name])) ?? null;
}
