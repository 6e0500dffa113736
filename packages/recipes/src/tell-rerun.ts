import { type Phrase, phrase, type Told } from "@lathe/files";
import type { RerunDifference, RerunOutcome } from "./rerun.js";

/** Digits of a hash that are shown. */
const HASH_DIGITS = 12;

const kindNames: Readonly<Record<RerunDifference["kind"], Phrase>> = {
  input: phrase`went in`,
  result: phrase`came out`,
  program: phrase`program`,
};

/** What differs from the run before, what went in first, and whether the bits are the same. */
export function tellRerun({ differences, equal, run }: RerunOutcome): Told {
  const lines = differences.map(({ kind, name, before, now }) => {
    const short = (value: string | null): Phrase =>
      value === null ? phrase`none` : phrase`${kind === "program" ? value : value.slice(0, HASH_DIGITS)}`;
    return phrase`${kindNames[kind]}: ${name} was ${short(before)}, is ${short(now)}`;
  });
  return [{ lines: [...lines, equal ? phrase`${run}: the same bits` : phrase`${run}: other bits`] }];
}
