/** What every command says on the way, in one language. Errors are English everywhere, so that they can be searched for. */
export interface CommandMessages {
  /** Stands before what is not as one would expect. */
  readonly warning: string;
  /** How long a work still takes. @param duration as {@link formatDuration} has it */
  readonly timeLeft: (duration: string) => string;
}
