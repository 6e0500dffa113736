import { type Phrase, phrase, type Told } from "@lathe/files";
import type { LeakedRow, LeakReport } from "./find-leaks.js";

const SHOWN_LEAKS = 20;

/** Where a row is and how it begins, on one line. */
const where = ({ file, line, text }: LeakedRow): string =>
  `${file}:${line}  ${text.replaceAll(/\s+/gu, " ")}`;

/** Rows that were compared, files that have changed, and the first leaks, as people read them. */
export function tellLeaks({ leaks, rows, changed }: LeakReport): Told {
  const count: Phrase =
    leaks.length === 0
      ? phrase`no leaks`
      : leaks.length === 1
        ? phrase`${1} leak`
        : phrase`${leaks.length} leaks`;
  return [
    {
      head: [phrase`rows`, ""],
      rows: [
        [phrase`train`, rows.train + rows.added],
        [phrase`validation`, rows.validation],
        [phrase`test`, rows.test + rows.benchmarks],
      ],
    },
    ...(changed.length === 0 ? [] : [phrase`changed since lathe prepare wrote it: ${changed.join(", ")}`]),
    count,
    ...leaks
      .slice(0, SHOWN_LEAKS)
      .map(
        ({ test, train, similarity }) => `${similarity.toFixed(2)}  ${where(test)}\n      ${where(train)}`,
      ),
    ...(leaks.length > SHOWN_LEAKS ? ["…"] : []),
  ];
}
