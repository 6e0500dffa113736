import type { JudgeReport } from "@lathe/eval";
import type { Role } from "@lathe/annotate";
import type { CommandMessages } from "@lathe/command";
import type { PersonalDataAction, RowColumns } from "@lathe/data";
import type { Batching, MachineRuleName, MemoryTerms, OutOfMemoryReason } from "@lathe/recipes";
import type { SetupStep } from "@lathe/tensor";
import type { BadStep, StallAdvice } from "@lathe/train";

/** What the command says, in one language. */
export interface Messages extends CommandMessages {
  /** What `--language` calls it. */
  readonly language: "en" | "zh";
  readonly engine: (name: string, precision: string, description: string) => string;
  readonly passedOver: (name: string, reason: string, command: string) => string;
  readonly loadingModel: string;
  readonly memoryPlan: (recomputed: number, layers: number, expected: string, budget: string) => string;
  /** @param read bytes that a step reads */
  readonly streaming: (
    isAsked: boolean,
    expected: string,
    budget: string,
    read: string,
    tokens: number,
  ) => string;
  readonly memoryShort: (expected: string, budget: string) => string;
  /** @param differences relative: of the loss, of a label's loss (null where it is not compared), of the gradients */
  readonly batchingCompared: (
    batching: Batching,
    rows: number,
    isEqual: boolean,
    differences: readonly [loss: string, label: string | null, gradients: string],
    tolerance: string,
  ) => string;
  /** @param flags what is changed, as one would type it */
  readonly outOfMemory: (reason: OutOfMemoryReason, flags: string) => string;
  readonly memoryAbove: (expected: string, budget: string) => string;
  /** @param memory expected now and planned   @param time of a step, likewise   @param left until the last step */
  readonly planCorrected: (
    step: number,
    memory: readonly [now: string, planned: string],
    time: readonly [now: string, planned: string],
    left: string,
  ) => string;
  readonly downloading: string;
  readonly reading: string;
  readonly writing: string;
  readonly rows: (used: number, total: number) => string;
  readonly rowsSetAside: (count: number, file: string) => string;
  /** Heading of what was found of personal data, by what was done with it. */
  readonly personalDataActions: Readonly<Record<PersonalDataAction, string>>;
  readonly rowsCut: (count: number, maxTokens: number) => string;
  /** What the columns of a file are taken for. */
  readonly columns: (found: RowColumns & { readonly source: string; readonly isKept: boolean }) => string;
  readonly turnsRewritten: (count: number) => string;
  readonly contradictions: (questions: number, rows: number) => string;
  readonly rowsOverlong: (count: number, maxTokens: number) => string;
  readonly rowsLong: (count: number, maxPositions: number) => string;
  readonly rowsUnscored: (count: number) => string;
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
  readonly runKilled: (kill: number, kills: number) => string;
  readonly resumesEqual: (steps: number, kills: number) => string;
  /** @param place file, and tensor or number in it */
  readonly resumesDifferent: (kills: number, place: string) => string;
  /** @param what the loss or the gradient norm, and what it is   @param where rows and tensors, where they are known */
  readonly stepNotApplied: (step: number, what: string, where: string) => string;
  /** What was not finite. */
  readonly badQuantities: Readonly<Record<BadStep["quantity"], string>>;
  /** Rows of a step that something is said of, as places. */
  readonly rowsAt: (places: string) => string;
  readonly tensorsNamed: (names: string) => string;
  /** A list that is cut, and how many more there are. */
  readonly andMore: (shown: string, more: number) => string;
  readonly lossSpike: (step: number, loss: string, median: string, deviations: string) => string;
  /** @param clipped share of the last steps, in per cent */
  readonly lossStalled: (
    step: number,
    numbers: Readonly<Record<"first" | "last" | "norm" | "clipped" | "rate", string>>,
  ) => string;
  /** What may help then. @param limit of the gradient norm   @param norm its median */
  readonly stallAdvice: Readonly<Record<StallAdvice, (limit: string, norm: string) => string>>;
  readonly resuming: (step: number) => string;
  /** @param fault as `checkpointFaultPhrase` says it */
  readonly checkpointPassedOver: (step: number, fault: string) => string;
  readonly validation: (step: number, loss: string, perplexity: string) => string;
  /** @param flags what the model's generation_config.json asks for, as one would type it */
  readonly samplingOfModel: (flags: string) => string;
  readonly samplingIgnored: (keys: string) => string;
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
  /** @param share of the tokens that have a loss, in per cent   @param longest tokens of the longest rows */
  readonly maskReport: (
    rows: number,
    tokens: string,
    share: string,
    rowsWithEnd: number,
    longest: string,
  ) => string;
  readonly noEndTrained: string;
  /** Rules of thumb for a machine. */
  readonly machineRules: Readonly<Record<MachineRuleName, string>>;
  /** What memory is for, by the terms of a plan. */
  readonly planTerms: Readonly<Record<keyof MemoryTerms, string>>;
  readonly planFits: (budget: string) => string;
  readonly planTooLarge: (budget: string) => string;
  /** @param duration with its unit */
  readonly stepTakes: (duration: string) => string;
  /** Head of what a step takes whose weights stay on the disk. @param format that they are in */
  readonly streamed: (format: string) => string;
  readonly streamTerms: Readonly<
    Record<
      | "weights"
      | "inputs"
      | "tokens"
      | "bytesPerStep"
      | "reading"
      | "computing"
      | "step"
      | "balanced"
      | "secondDisk"
      | "secondMachine",
      string
    >
  >;
  /** @param duration of a step, with its unit */
  readonly streamPace: (duration: string, tokensPerHour: string) => string;
  /** What was downloaded. @param bytes of all files   @param downloaded bytes of those that were not here */
  /** What a push would send, and whether all would see it. */
  readonly wouldPush: (repository: string, isPublic: boolean) => string;
  readonly pushed: (page: string, isPrivate: boolean) => string;
  readonly pulled: (files: number, bytes: string, downloaded: string) => string;
  readonly nothingPulled: string;
  readonly removed: (repository: string, freed: string) => string;
  /** @param rate bytes a second   @param weights bytes of them and the time to read them   @param checkpoint likewise, to write it */
  readonly diskTakes: (
    rate: string,
    weights: readonly [bytes: string, duration: string],
    checkpoint: readonly [bytes: string, duration: string],
  ) => string;
  readonly pageAt: (file: string) => string;
  /** @param course of the loss, as signs */
  readonly lossCourse: (course: string, first: string, last: string) => string;
  readonly baseAt: (folder: string) => string;
  readonly modelAt: (folder: string) => string;
  readonly chatHelp: string;
  readonly chatReset: string;
  /** Heads of tables, and the names of their rows. */
  readonly words: Readonly<Record<Word, string>>;
  readonly parametersOf: (trainable: string, all: string, percent: string) => string;
  readonly textsIn: (count: number, language: string) => string;
  readonly ratingsIn: (units: number, annotators: number) => string;
  /** Whose a link is. */
  readonly annotationRoles: Readonly<Record<Role, (name: string) => string>>;
  readonly annotationServed: (folder: string) => string;
  readonly runsServed: (folder: string) => string;
  readonly answersIn: (answers: number, folder: string) => string;
  readonly answersImported: (stored: number, known: number, conflicts: number) => string;
  readonly answersOf: (answers: number) => string;
  readonly disputedRows: (open: number, all: number) => string;
  readonly rowsWithoutReply: (count: number, total: number) => string;
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
  /** @param free what is free of it */
  readonly free: (total: string, free: string) => string;
  /** @param now what is in use   @param most what ever was */
  readonly atMost: (now: string, most: string) => string;
  readonly threads: (processor: string, threads: number) => string;
  readonly allWork: (count: number) => string;
  readonly works: (count: number, total: number, faults: readonly string[]) => string;
  readonly driver: (version: string) => string;
  readonly capability: (card: string, version: string, bytes: string) => string;
  /** What `lathe doctor --model` tells, by its keys and values; others are said as they are. */
  readonly modelFacts: Readonly<Record<string, string>>;
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
  /** Rows of a test set among those that a prepared folder has for training. */
  readonly knownRows: (rows: number, folder: string) => string;
  /** Where the reports of an evaluation are. */
  /** Who judged, what went wrong, and what it cost. */
  readonly judgedBy: (judge: JudgeReport) => string;
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
  | "read"
  | "kept"
  | "setAside"
  | "clusters"
  | "train"
  | "validation"
  | "test"
  | "rule"
  | "tokens"
  | "all"
  | "scored"
  | "rowsCut"
  | "rowsSplit"
  | "reasoning"
  | "weight"
  | "metric"
  | "score"
  | "compared"
  | "difference"
  | "pValue"
  | "agreement"
  | "value"
  | "range"
  | "labels"
  | "loss"
  | "accuracy"
  | "margin"
  | "validationLoss"
  | "perplexity"
  | "byByte"
  | "byCharacter"
  | "probe"
  | "firstToken"
  | "tokensPerSecond"
  | "linear"
  | "count"
  | "trainableParameters"
  | "total"
  | "takesLess"
  | "saves"
  | "time"
  | "engine"
  | "runs"
  | "yes"
  | "no"
  | "none"
  | "unknown"
  | "moreThan"
  | "repository"
  | "size"
  | "revisions"
  | "present"
  | "holds"
  | "precision"
  | "platform"
  | "processor"
  | "features"
  | "memory"
  | "thisProcess"
  | "tensors"
  | "ownKernels"
  | "onCpu"
  | "card"
  | "onCard"
  | "operations"
  | "system"
  | "fluency"
  | "relevance"
  | "preference"
  | "preferred"
  | "rowsNeeded"
  | "annotator"
  | "answers"
  | "seconds"
  | "bias"
  | "sameAgain"
  | "goldMet";
