import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { findPersonalData, PERSONAL_DATA_KINDS, type PersonalDataKind } from "../index.js";

const MARK = /\{\{([a-z-]+)\|([^}]*)\}\}/g;

interface Labelled {
  readonly text: string;
  readonly data: readonly { readonly kind: string; readonly start: number; readonly end: number }[];
}

/** Sentences in which each datum is marked as `{{kind|text}}`. */
function readSet(name: string): Labelled[] {
  const path = new URL(`../../fixtures/personal-data/${name}.jsonl`, import.meta.url);
  return readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => {
      const { text: marked } = JSON.parse(line) as { text: string };
      const data: { kind: string; start: number; end: number }[] = [];
      let text = "";
      let at = 0;
      for (const { 0: mark, 1: kind, 2: datum, index } of marked.matchAll(MARK)) {
        text += marked.slice(at, index);
        data.push({ kind, start: text.length, end: text.length + datum.length });
        text += datum;
        at = index + mark.length;
      }
      return { text: text + marked.slice(at), data };
    });
}

interface Score {
  labelled: number;
  found: number;
  right: number;
}

/** Finds are right when kind, beginning and end are those of the label. */
function scores(set: readonly Labelled[], onFault: (text: string) => void): Map<string, Score> {
  const byKind = new Map<string, Score>(
    Object.keys(PERSONAL_DATA_KINDS).map((kind) => [kind, { labelled: 0, found: 0, right: 0 }]),
  );
  for (const { text, data } of set) {
    const found = findPersonalData(text);
    const isSame = (left: Labelled["data"][number], right: Labelled["data"][number]): boolean =>
      left.kind === right.kind && left.start === right.start && left.end === right.end;
    for (const { kind } of data) byKind.get(kind)!.labelled += 1;
    for (const datum of found) {
      const score = byKind.get(datum.kind)!;
      score.found += 1;
      if (data.some((label) => isSame(label, datum))) score.right += 1;
    }
    const shown = ({ kind, start, end }: Labelled["data"][number]): string =>
      `${kind} ${text.slice(start, end)}`;
    if (found.length !== data.length || data.some((label) => !found.some((datum) => isSame(label, datum)))) {
      onFault(
        `${text}\n   labelled ${data.map(shown).join("; ") || "nothing"}\n   found    ${found.map(shown).join("; ") || "nothing"}`,
      );
    }
  }
  return byKind;
}

const GOALS: Readonly<Record<PersonalDataKind, number>> = {
  phone: 0.98,
  "identity-card": 0.98,
  "bank-card": 0.98,
  "credit-code": 0.98,
  iban: 0.98,
  ssn: 0.95,
  email: 0.95,
  plate: 0.95,
  passport: 0.95,
  ip: 0.95,
  location: 0.95,
  wechat: 0.9,
  qq: 0.9,
  "order-number": 0.9,
  name: 0.9,
  address: 0.9,
};

it.each(["generated", "hand-written", "held-out", "second-unseen", "third-unseen"])(
  "finds what is labelled in the %s set, and little else",
  (name) => {
    const faults: string[] = [];
    const table = scores(readSet(name), (fault) => faults.push(fault));
    for (const [kind, { labelled, found, right }] of table) {
      const goal = GOALS[kind as PersonalDataKind];
      const shown = `${name}: ${kind}: ${right} right of ${labelled} labelled and ${found} found\n${faults.join("\n")}`;
      expect(labelled, shown).toBeGreaterThan(0);
      expect(right / labelled, shown).toBeGreaterThanOrEqual(goal);
      expect(right / Math.max(1, found), shown).toBeGreaterThanOrEqual(goal);
    }
  },
);

it("finds what is known by the words around it in sentences that the finders were not mended with", () => {
  const table = scores(readSet("unseen"), () => undefined);
  for (const kind of ["name", "address", "wechat", "qq", "order-number"] as const) {
    const { labelled, found, right } = table.get(kind)!;
    const shown = `${kind}: ${right} right of ${labelled} labelled and ${found} found`;
    expect(labelled, shown).toBeGreaterThan(12);
    expect(right / labelled, shown).toBeGreaterThanOrEqual(GOALS[kind]);
    expect(right / found, shown).toBeGreaterThanOrEqual(GOALS[kind]);
  }
});

it("finds checked numbers, phones, mail and plates in further ways of writing, and no sums, dates, rooms or lists", () => {
  const faults: string[] = [];
  const table = scores(readSet("variants"), (fault) => faults.push(fault));
  for (const kind of [
    "phone",
    "identity-card",
    "bank-card",
    "credit-code",
    "iban",
    "ssn",
    "email",
    "plate",
  ] as const) {
    const { labelled, found, right } = table.get(kind)!;
    const shown = `${kind}: ${right} right of ${labelled} labelled and ${found} found\n${faults.join("\n")}`;
    expect(labelled, shown).toBeGreaterThan(80);
    expect(right / labelled, shown).toBeGreaterThanOrEqual(GOALS[kind]);
    expect(right / found, shown).toBeGreaterThanOrEqual(GOALS[kind]);
  }
});
