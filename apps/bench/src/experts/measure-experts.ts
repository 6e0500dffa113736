import { sayPhrase } from "@lathe/files";
import { loadNativeKernels, type ProductPrecision } from "@lathe/kernels";
import { randomFloats, randomMatrix } from "../shared/random-weights.js";
import type { ExpertsJob, ExpertsOutcome, MeasuredExperts } from "./experts-job.js";

/** Tokens that go to each expert: evenly, as far as they can, so that both sides have the same operations. */
export function rowsOfExperts(
  tokens: number,
  experts: number,
  expertsPerToken: number,
): readonly { readonly start: number; readonly end: number }[] {
  const rows = tokens * expertsPerToken;
  return Array.from({ length: experts }, (_, expert) => ({
    start: Math.floor((rows * expert) / experts),
    end: Math.floor((rows * (expert + 1)) / experts),
  }));
}

/** Measures the native kernels, each product of a mixture in turn with the dense one. */
export function measureExperts(job: ExpertsJob): ExpertsOutcome {
  const loaded = loadNativeKernels();
  if (!("kernels" in loaded)) throw new Error(sayPhrase(loaded.reason));
  const { kernels } = loaded;
  const { tokens, experts, expertsPerToken, outFeatures, inFeatures, formats, repeats } = job;
  const rows = tokens * expertsPerToken;
  const groups = rowsOfExperts(tokens, experts, expertsPerToken);
  const options = { precision: job.precision as ProductPrecision };
  const measured = formats.flatMap((format): MeasuredExperts[] => {
    const weights = groups.map((_, expert) =>
      randomMatrix(format, [outFeatures, inFeatures], expert + 1, kernels),
    );
    return (["forward", "gradient"] as const).map((direction) => {
      const [from, to] = direction === "forward" ? [inFeatures, outFeatures] : [outFeatures, inFeatures];
      const input = randomFloats(rows * from, 1);
      const output = new Float32Array(rows * to);
      const multiply = (weight: (typeof weights)[number], start: number, end: number): void => {
        if (start === end) return;
        const [x, y] = [input.subarray(start * from, end * from), output.subarray(start * to, end * to)];
        if (direction === "forward") kernels.linear(x, weight, null, y, options);
        else kernels.linearInputGradient(x, weight, y, options);
      };
      const secondsOf = (run: () => void): number => {
        const started = performance.now();
        run();
        return (performance.now() - started) / 1000;
      };
      const seconds = { grouped: [] as number[], dense: [] as number[] };
      // The first turn is not counted.
      for (let turn = 0; turn <= repeats; turn++) {
        const grouped = secondsOf(() => {
          for (const [expert, { start, end }] of groups.entries()) multiply(weights[expert], start, end);
        });
        const dense = secondsOf(() => {
          multiply(weights[0], 0, rows);
        });
        if (turn === 0) continue;
        seconds.grouped.push(grouped);
        seconds.dense.push(dense);
      }
      return { format, direction, ...seconds };
    });
  });
  return { level: kernels.level, threads: kernels.threads(), measured };
}
