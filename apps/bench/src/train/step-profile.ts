import { activities, type Activity, type ActivitySamples } from "@lathe/kernels";
import type { Table } from "../shared/table.js";

/** Where the time of steps went. */
export interface StepProfile {
  /** Seconds of the steps that were sampled, and how many they were. */
  readonly seconds: number;
  readonly steps: number;
  readonly samples: ActivitySamples;
  /** Seconds of all threads in the system, most of them for pages that are touched for the first time. */
  readonly systemSeconds: number;
  readonly pageFaults: number;
}

/** What people call each activity. */
const titles: Readonly<Record<Activity, string>> = {
  outside: "JavaScript and the runtime",
  waiting: "waiting",
  product: "products with weights",
  weights: "packing and rounding weights",
  rows: "packing and rounding activations, outliers",
  lowRank: "LoRA, products of float32 matrices",
  attention: "attention",
  head: "losses of the head",
  elementwise: "norms, gates, sums, copies",
  optimiser: "optimiser",
  memory: "taking and giving back memory",
};

/**
 * Shares of the processors' time by activity, largest first.
 *
 * JavaScript runs on the calling thread only; the others wait meanwhile, which counts as waiting.
 */
export function profileTable({ seconds, steps, samples, systemSeconds, pageFaults }: StepProfile): Table {
  const all = activities.reduce((sum, activity) => sum + samples[activity], 0);
  const row = (title: string, share: number): string[] => [
    title,
    `${(share * 100).toFixed(1)} %`,
    ((share * seconds * 1000) / steps).toFixed(1),
  ];
  const byShare = activities
    .filter((activity) => samples[activity] > 0)
    .toSorted((a, b) => samples[b] - samples[a])
    .map((activity) => row(titles[activity], samples[activity] / all));
  const system = systemSeconds / (seconds * samples.threads);
  return {
    columns: ["kind", "of the threads' time", "ms a step"],
    rows: [
      ...byShare,
      row(`in these: the system (${Math.round(pageFaults / steps)} pages touched anew a step)`, system),
    ],
  };
}
