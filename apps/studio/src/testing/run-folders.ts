import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A line of metrics. */
export const lineOf = (step: number, more: object = {}): string =>
  `${JSON.stringify({ step, totalSteps: 100, loss: 4 / step, learningRate: 1e-4, tokens: 10, seconds: 0.5, tokensPerSecond: 20, residentBytes: 1e8, gradNorm: 1, ...more })}\n`;

/** Lines of steps up to one, every tenth with an evaluation. */
export const metricsOf = (steps: number, more: object = {}): string =>
  Array.from({ length: steps }, (_, at) =>
    lineOf(at + 1, { ...(at % 10 === 9 ? { validationLoss: 5 / (at + 1) } : {}), ...more }),
  ).join("");

/** Writes the files of a run, given by their names. */
export async function makeRun(
  root: string,
  name: string,
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const path = join(root, name);
  await mkdir(join(path, "checkpoints"), { recursive: true });
  const all = { "config.json": JSON.stringify({ method: "lora", model: "models/tiny", rank: 8 }), ...files };
  for (const [file, text] of Object.entries(all)) await writeFile(join(path, file), text);
  return path;
}
