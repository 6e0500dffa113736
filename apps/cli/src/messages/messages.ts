import type { Role } from "@lathe/annotate";
import type { CommandMessages } from "@lathe/command";
import type { Batching } from "@lathe/recipes";
import type { SetupStep } from "@lathe/tensor";

/** What the command says, in one language. */
export interface Messages extends CommandMessages {
  /** What `--language` calls it. */
  readonly language: "en" | "zh";
  readonly engine: (name: string, precision: string, description: string) => string;
  readonly passedOver: (name: string, reason: string, command: string) => string;
  readonly loadingModel: string;
  /** @param differences relative: of the loss, of a label's loss (null where it is not compared), of the gradients */
  readonly batchingCompared: (
    batching: Batching,
    rows: number,
    isEqual: boolean,
    differences: readonly [loss: string, label: string | null, gradients: string],
    tolerance: string,
  ) => string;
  readonly downloading: string;
  readonly reading: string;
  readonly writing: string;
  readonly rows: (used: number, total: number) => string;
  readonly turnsRewritten: (count: number) => string;
  readonly training: string;
  readonly evaluating: string;
  readonly scoring: string;
  readonly generating: string;
  readonly judging: string;
  readonly merging: string;
  readonly exporting: string;
  readonly importing: string;
  readonly answering: string;
  readonly hashing: string;
  readonly quantising: string;
  readonly calibrating: string;
  readonly comparing: string;
  readonly pruning: string;
  readonly tokensPerSecond: (rate: string) => string;
  readonly verifying: string;
  readonly resumesEqual: (steps: number, kills: number) => string;
  /** @param place file, and tensor or number in it */
  readonly resumesDifferent: (kills: number, place: string) => string;
  readonly validation: (step: number, loss: string, perplexity: string) => string;
  readonly replyCut: (tokens: number) => string;
  readonly interrupted: (step: number, output: string) => string;
  readonly trained: (steps: number, duration: string) => string;
  readonly sameBits: (run: string) => string;
  readonly otherBits: (run: string) => string;
  readonly differenceKinds: Readonly<Record<"input" | "result" | "program", string>>;
  readonly differs: (kind: string, name: string, before: string, now: string) => string;
  readonly adapterAt: (folder: string) => string;
  readonly stoppedEarly: (step: number) => string;
  /** @param name the settings that were tried  @param loss of validation */
  readonly trial: (round: number, name: string, steps: number, loss: string) => string;
  /** What was downloaded. @param bytes of all files   @param downloaded bytes of those that were not here */
  /** What a push would send, and whether all would see it. */
  readonly wouldPush: (repository: string, isPublic: boolean) => string;
  readonly pushed: (page: string, isPrivate: boolean) => string;
  readonly pulled: (files: number, bytes: string, downloaded: string) => string;
  readonly nothingPulled: string;
  readonly removed: (repository: string, freed: string) => string;
  readonly pageAt: (file: string) => string;
  /** @param course of the loss, as signs */
  readonly lossCourse: (course: string, first: string, last: string) => string;
  readonly baseAt: (folder: string) => string;
  readonly modelAt: (folder: string) => string;
  readonly chatHelp: string;
  readonly chatReset: string;
  /** Heads of tables, and the names of their rows. */
  readonly words: Readonly<Record<Word, string>>;
  /** Whose a link is. */
  readonly annotationRoles: Readonly<Record<Role, (name: string) => string>>;
  readonly annotationServed: (folder: string) => string;
  readonly runsServed: (folder: string) => string;
  readonly answersIn: (answers: number, folder: string) => string;
  readonly answersImported: (stored: number, known: number, conflicts: number) => string;
  /** @param bytes of the weights; null for an adapter */
  readonly exported: (output: string, tensors: number, bytes: string | null) => string;
  /** @param tensors of a model, or linears of an adapter */
  readonly imported: (output: string, kind: "model" | "adapter", tensors: number) => string;
  readonly serving: (url: string, names: string) => string;
  readonly served: (requests: number) => string;
  readonly merged: (output: string, changed: number, tensors: number, bytes: string) => string;
  readonly packed: (
    output: string,
    packed: number,
    tensors: number,
    format: string,
    before: string,
    after: string,
  ) => string;
  /** @param share of the linears' weights that are zero */
  readonly pruned: (output: string, linears: number, share: string) => string;
  readonly capability: (card: string, version: string, bytes: string) => string;
  /** What the set-up of an engine came to. */
  readonly setup: {
    readonly library: (version: string, layout: string, folder: string) => string;
    readonly binding: string;
    readonly compiledBefore: string;
    readonly ready: string;
    readonly allWork: string;
    readonly doNotWork: (names: string) => string;
  };
  /** Where lathe data report put its page. */
  readonly pageOfData: (file: string) => string;
  readonly reportsIn: (folder: string) => string;
  /** What lathe data verify found. */
  readonly leakCount: (leaks: number) => string;
  /** Files of a prepared folder that are not what prepare wrote. */
  readonly changedFiles: (files: string) => string;
  /** @param step one of those that the set-up of an engine reports @param subject what it is about */
  readonly setupStep: (step: SetupStep, subject: string) => string;
}

/** What heads of tables and names of rows are made of. */
export type Word =
  | "rows"
  | "split"
  | "shards"
  | "train"
  | "validation"
  | "test"
  | "tokens"
  | "scored"
  | "weight"
  | "labels"
  | "loss"
  | "accuracy"
  | "margin"
  | "validationLoss"
  | "perplexity"
  | "tokensPerSecond"
  | "no"
  | "none"
  | "repository"
  | "size"
  | "revisions";
