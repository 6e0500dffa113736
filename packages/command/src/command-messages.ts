import type { Phrase, Translations } from "@lathe/files";

/** What every command says, in one language. */
export interface CommandMessages {
  /** What stands for the English of helps and errors; none for English itself. */
  readonly phrases: Translations;
  /** Stands before what is not as one would expect. */
  readonly warning: string;
  /** Said where the user interrupts. */
  readonly interrupting: string;
  /** Said where nothing more can be written to the output. @param reason why the system refused it */
  readonly outputFault: (reason: Phrase) => string;
  /** How long a work still takes. @param duration as `formatDuration` has it */
  readonly timeLeft: (duration: string) => string;
}
