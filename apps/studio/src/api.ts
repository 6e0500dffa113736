import type {
  AnswerContent,
  DisputedRow,
  Receipt,
  Role,
  ShownTask,
  StudyResults,
  Submission,
  TaskProgress,
} from "@lathe/annotate";

/** Who has opened the page, and where they are. */
export interface SessionReply {
  readonly name: string;
  readonly role: Role;
  /** Tells studies apart, for what the browser keeps. */
  readonly study: string;
  readonly progress: TaskProgress;
}

/** A task to judge, or null where all are done. */
export interface TaskReply {
  readonly task:
    (ShownTask & { readonly pairs: readonly (readonly [first: number, second: number])[] }) | null;
  readonly progress: TaskProgress;
}

/** What the page sends: an answer. */
export type AnswerRequest = Submission;

/** What became of it. */
export interface AnswerReply extends Receipt {
  readonly progress: TaskProgress;
}

/** What a coordinator sees. */
export interface ResultsReply {
  readonly results: StudyResults;
  readonly progress: readonly (TaskProgress & { readonly name: string })[];
}

/** What is open to settle. */
export interface DisputesReply {
  readonly disputed: readonly DisputedRow[];
}

/** A row to settle: the task, and what was said of it, in the order of its replies. */
export interface DisputeReply extends TaskReply {
  readonly judgements: readonly { readonly annotator: string; readonly content: AnswerContent }[];
}

/** Why a request was refused. */
export interface FaultReply {
  readonly error: { readonly name: string; readonly message: string; readonly field?: string };
}
