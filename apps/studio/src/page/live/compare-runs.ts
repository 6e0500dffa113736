import type { Chart, MetricsLine } from "@lathe/report/parts";

/** What runs can be compared by, by their keys in `metrics.jsonl`. */
export const comparedMeasures = [
  ...["loss", "validationLoss", "learningRate", "gradNorm", "tokensPerSecond", "residentBytes"],
  ...["accuracy", "margin"],
] as const;

/** A run to compare. */
export interface ComparedRun {
  readonly name: string;
  readonly points: readonly MetricsLine[];
}

/** Points of a loss that are put together, so that courses can be told apart. */
const SPAN = 10;

/** A measure of several runs over their steps, in one chart; null where no run has it. */
export function comparedChart(runs: readonly ComparedRun[], measure: string, title: string): Chart | null {
  const courses = runs.map(({ name, points }) => {
    const known = points.flatMap((point) => {
      const [step, value] = [point["step"], point[measure]];
      return typeof step === "number" && typeof value === "number" ? [[step, value] as const] : [];
    });
    return { name, values: new Map(measure === "loss" ? smoothed(known) : known) };
  });
  const drawn = courses.filter(({ values }) => values.size > 0);
  if (drawn.length === 0) return null;
  const steps = [...new Set(drawn.flatMap(({ values }) => [...values.keys()]))].sort((a, b) => a - b);
  const series = drawn.map(({ name, values }) => ({
    label: name,
    values: steps.map((step) => values.get(step) ?? null),
    style: "line" as const,
  }));
  return { title, unit: "", steps, series };
}

function smoothed(course: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  return course.map(([step], at) => {
    const near = course.slice(Math.max(0, at - SPAN + 1), at + 1);
    return [step, near.reduce((sum, [, value]) => sum + value, 0) / near.length];
  });
}

/** A setting, and what it is in each run. */
export interface DifferentSetting {
  readonly name: string;
  readonly values: readonly string[];
}

/** Settings that are not the same in all runs. Where a run writes to is none of its settings. */
export function differentSettings(
  settings: readonly (Readonly<Record<string, unknown>> | null)[],
): DifferentSetting[] {
  const names = [...new Set(settings.flatMap((values) => Object.keys(values ?? {})))];
  return names
    .filter((name) => name !== "output")
    .map((name) => ({
      name,
      values: settings.map((values) =>
        values !== null && Object.hasOwn(values, name) ? shown(values[name]) : "–",
      ),
    }))
    .filter(({ values }) => new Set(values).size > 1);
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
