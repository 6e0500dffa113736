import type { SetupStep } from "@lathe/tensor";

/** What the command says on the way, in one language. Errors are English everywhere, so that they can be searched for. */
export interface Messages {
  readonly engine: (name: string, precision: string, description: string) => string;
  readonly passedOver: (name: string, reason: string) => string;
  readonly loadingModel: string;
  readonly memoryPlan: (recomputed: number, layers: number, expected: string, budget: string) => string;
  readonly memoryShort: (expected: string, budget: string) => string;
  readonly warning: string;
  readonly timeLeft: (duration: string) => string;
  readonly reading: string;
  readonly writing: string;
  readonly rows: (used: number, total: number) => string;
  readonly rowsSetAside: (count: number, file: string) => string;
  readonly rowsCut: (count: number, maxTokens: number) => string;
  readonly rowsLong: (count: number, maxPositions: number) => string;
  readonly rowsUnscored: (count: number) => string;
  readonly training: string;
  readonly evaluating: string;
  readonly scoring: string;
  readonly generating: string;
  readonly merging: string;
  readonly quantising: string;
  readonly loss: string;
  readonly tokensPerSecond: (rate: string) => string;
  readonly resuming: (step: number) => string;
  readonly validation: (step: number, loss: string, perplexity: string) => string;
  readonly interrupting: string;
  /** @param reason as the system says it */
  readonly outputFault: (reason: string) => string;
  readonly interrupted: (step: number, output: string) => string;
  readonly trained: (steps: number, duration: string) => string;
  readonly adapterAt: (folder: string) => string;
  readonly chatHelp: string;
  readonly chatReset: string;
  /** @param step one of those that the set-up of an engine reports @param subject what it is about */
  readonly setupStep: (step: SetupStep, subject: string) => string;
}
