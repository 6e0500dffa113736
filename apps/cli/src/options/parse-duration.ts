const UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };

/** Seconds of a duration such as `30m`, `1h30m` or `90s`; undefined where it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d{1,6}h)?(?:\d{1,6}m)?(?:\d{1,6}s)?$/.test(text) || text === "") return undefined;
  const parts = text.match(/\d+[hms]/g) ?? [];
  return parts.reduce((sum, part) => sum + Number.parseInt(part, 10) * UNITS[part.slice(-1)], 0);
}
