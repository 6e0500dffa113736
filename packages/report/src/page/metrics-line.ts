/** A line of a run's metrics: its step, and numbers by name. */
export type MetricsLine = Readonly<Record<string, unknown>>;

/** The number under a key; null where there is none, or one that is not finite. */
export function numberOf(line: MetricsLine | undefined, key: string): number | null {
  const value = line?.[key];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
