import { asPhrase, type Phrase, phrase } from "@lathe/files";

/**
 * What is wrong with a checkpoint.
 *
 * - `missing`: a file that it was written with is gone.
 * - `changed`: the contents of a file are not those that were written.
 * - `unreadable`: a file cannot be read, or its state makes no sense; `detail` says why.
 */
export type CheckpointDamage = "missing" | "changed" | "unreadable";

/** The first fault that was found in a checkpoint. */
export interface CheckpointFault {
  readonly damage: CheckpointDamage;
  /** Path of the file within the checkpoint. */
  readonly file: string;
  /** What was expected and what came; null where the kind of damage says all. */
  readonly detail: Phrase | null;
}

/** A damaged checkpoint, and what is wrong with it. */
export interface PassedOverCheckpoint extends CheckpointFault {
  readonly step: number;
  /** Its folder. */
  readonly path: string;
}

/** A fault in words. */
export function checkpointFaultPhrase({ damage, file, detail }: CheckpointFault): Phrase {
  switch (damage) {
    case "missing":
      return phrase`${file} is missing`;
    case "changed":
      return phrase`${file} is damaged (its hash differs)`;
    case "unreadable":
      return phrase`${file} cannot be read: ${detail ?? asPhrase("nothing")}`;
  }
}
