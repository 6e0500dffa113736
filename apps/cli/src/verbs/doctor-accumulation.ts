import { batchingVerb } from "./doctor-batching.js";

export const verb = batchingVerb(
  "accumulation",
  "Takes a step of training with 16 of the rows in one micro-batch and in four, and compares losses and gradients. Nothing is written. Exit code 1 when they differ by more than the tolerance that is said.",
);
