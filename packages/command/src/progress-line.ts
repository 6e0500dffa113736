import { widthOf } from "./format.js";

/** What there is to say of a work at one moment. */
export interface ProgressFacts {
  readonly label: string;
  /** `12/400` */
  readonly count: string;
  /** The most important first: the others go where there is no room. */
  readonly details: readonly string[];
  /** The time left, in words; empty where it is not known. */
  readonly left: string;
}

/** Widths of the bar that are tried, in columns. */
const BAR_WIDTHS = [24, 12, 0];

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== "").join(" · ");

/** All of it, where a line may be of any length. */
export function progressText({ label, count, details, left }: ProgressFacts): string {
  return joined([`${label} ${count}`, ...details, left]);
}

/**
 * A line with a bar that fits a terminal. Where it is narrow the bar gets short, then lesser details go, then the bar, then
 * the label: count, first detail and time left stay.
 *
 * @param columns of the terminal   @param bar draws one of so many columns
 */
export function progressLine(
  { label, count, details, left }: ProgressFacts,
  columns: number,
  bar: (width: number) => string,
): string {
  const line = (barWidth: number, shown: number, isLabelled = true): string => {
    const head = [isLabelled ? label : "", barWidth > 0 ? bar(barWidth) : "", count];
    return joined([head.filter((part) => part !== "").join(" "), ...details.slice(0, shown), left]);
  };
  const [long, short, none] = BAR_WIDTHS;
  const fewer = details.map((_, index) => details.length - 1 - index).filter((shown) => shown > 0);
  const candidates = [
    line(long, details.length),
    line(short, details.length),
    ...fewer.map((shown) => line(short, shown)),
    line(none, 1),
    line(none, 1, false),
  ];
  return candidates.find((candidate) => widthOf(candidate) <= columns) ?? candidates.at(-1)!;
}
