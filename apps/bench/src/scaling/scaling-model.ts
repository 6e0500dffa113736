/** What the time of a step is made of. */
export interface StepConstants {
  /** Of one micro-batch, forwards and backwards, with its part of the update, on one rank. */
  readonly secondsPerMicroBatch: number;
  /** Of a step, on all ranks together. */
  readonly microBatches: number;
  /** Bytes of the gradients of what is trained. */
  readonly gradientBytes: number;
  /** Calls of a step in which ranks wait for each other. */
  readonly calls: number;
}

/** What joins two ranks. */
export interface Link {
  readonly bytesPerSecond: number;
  /** Of a call with next to nothing in it, between two ranks. */
  readonly secondsPerCall: number;
}

/** A step on some ranks, by arithmetic. */
export interface PredictedStep {
  readonly ranks: number;
  readonly seconds: number;
  /** Of them, in which nothing is computed. */
  readonly collectiveSeconds: number;
  /** Over one rank. */
  readonly speedUp: number;
}

/**
 * The time of a step on n ranks: the micro-batches of the rank that has most, a ring all-reduce of the gradients (each rank sends
 * 2 (n − 1)/n of their bytes; Patarasuk & Yuan, 2009), and log₂ n rounds for each call.
 */
export function predictStep(constants: StepConstants, link: Link, ranks: number): PredictedStep {
  const { secondsPerMicroBatch, microBatches, gradientBytes, calls } = constants;
  const sent = (2 * (ranks - 1) * gradientBytes) / ranks;
  const collectiveSeconds =
    sent / link.bytesPerSecond + calls * link.secondsPerCall * Math.ceil(Math.log2(ranks));
  const seconds = Math.ceil(microBatches / ranks) * secondsPerMicroBatch + collectiveSeconds;
  return { ranks, seconds, collectiveSeconds, speedUp: (microBatches * secondsPerMicroBatch) / seconds };
}
