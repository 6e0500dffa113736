import { type ActivitySamples, loadNativeKernels } from "@lathe/kernels";
import type { StepProfile } from "./step-profile.js";
import type { MeasuredStep } from "./train-job.js";

/** Takes samples of what the threads are doing between two moments. */
export interface StepSampler {
  start(): void;
  stop(): void;
  /** What was seen in the steps between; null before the end. */
  profile(steps: readonly MeasuredStep[]): StepProfile | null;
}

/** @returns null without native kernels, which are what tells @param microseconds between samples */
export function stepSampler(microseconds: number): StepSampler | null {
  const loaded = loadNativeKernels();
  if (!("kernels" in loaded)) return null;
  const { kernels } = loaded;
  let samples: ActivitySamples | null = null;
  let before = process.resourceUsage();
  let after = before;
  return {
    start() {
      before = process.resourceUsage();
      kernels.startSamples(microseconds);
    },
    stop() {
      samples = kernels.stopSamples();
      after = process.resourceUsage();
    },
    profile: (steps) =>
      samples && {
        seconds: steps.reduce((sum, { seconds }) => sum + seconds, 0),
        steps: steps.length,
        samples,
        systemSeconds: (after.systemCPUTime - before.systemCPUTime) / 1e6,
        pageFaults: after.minorPageFault - before.minorPageFault,
      },
  };
}
