const UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };

/** Seconds of a duration such as `30m`, `1h30m` or `90s`; undefined where it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d{1,6}h)?(?:\d{1,6}m)?(?:\d{1,6}s)?$/.test(text) || text === "") return undefined;
  const parts = text.match(/\d+[hms]/g) ?? [];
  return parts.reduce((sum, part) => sum + Number.parseInt(part, 10) * UNITS[part.slice(-1)], 0);
}

/** `prompt=question,completion=answer` → { prompt: "question", completion: "answer" }; undefined where a part is no pair. */
export function parsePairs(text: string): Record<string, string> | undefined {
  const entries = text.split(",").map((part) => part.split("=").map((name) => name.trim()));
  const isSound = entries.every((names) => names.length === 2 && names.every((name) => name !== ""));
  return isSound ? (Object.fromEntries(entries) as Record<string, string>) : undefined;
}

/** `o_proj=4,q_proj=8` → { o_proj: 4, q_proj: 8 }, a name up to its last sign of equality; undefined where a part has no number. */
export function parseNumbersByName(text: string): Record<string, number> | undefined {
  const entries = text.split(",").map((part) => {
    const at = part.lastIndexOf("=");
    const value = part.slice(at + 1).trim();
    return [part.slice(0, at).trim(), at > 0 && value !== "" ? Number(value) : NaN] as const;
  });
  return entries.some(([, value]) => Number.isNaN(value)) ? undefined : Object.fromEntries(entries);
}

/** `0-3,8` → [0, 1, 2, 3, 8]; undefined where a part is neither a number nor a range that rises. */
export function parseRanges(text: string): number[] | undefined {
  const numbers = text.split(",").map((part): number[] | null => {
    const [, first, last] = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part) ?? [];
    if (first === undefined) return null;
    const [start, end] = [Number(first), Number(last ?? first)];
    return end < start ? null : Array.from({ length: end - start + 1 }, (_, index) => start + index);
  });
  return numbers.includes(null) ? undefined : numbers.flatMap((part) => part ?? []);
}
