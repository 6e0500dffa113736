import { batchingVerb } from "./doctor-batching.js";

export const verb = batchingVerb(
  "packing",
  "Takes a step of training with 16 of the rows side by side and with each alone, and compares losses, label by label, and gradients. Nothing is written. Exit code 1 when they differ by more than the tolerance that is said.",
);
