import { asPhrase, type Phrase, phrase } from "@lathe/files";
import { TextFileError, type TextPairFault, TextPairsError } from "../errors.js";
import { predictionOf, referencesOf, streamTexts, type TextRow } from "./read-texts.js";
import { ReferenceSurvey } from "./reference-survey.js";

/** Faults that are kept; the others are counted. */
const MOST_KEPT = 100;

/** Where a file has its rows: their number, the line of the last, and the lines of their ids. */
interface Places {
  readonly path: string;
  rows: number;
  lastLine: number;
  readonly lines: number[];
  readonly ids: Map<string, number>;
  /** Whether every row has an id. */
  isNamed: boolean;
  /** Rows that can be read and have no id, and the lines of the first of them. */
  nameless: number;
  readonly namelessLines: number[];
}

/** Collects what is wrong. */
class Faults {
  readonly kept: TextPairFault[] = [];
  count = 0;

  add(path: string, line: number, reason: string | Phrase): void {
    this.count++;
    if (this.kept.length < MOST_KEPT) this.kept.push({ path, line, reason });
  }
}

/**
 * Reads files of predictions and their references once, and says everything that is wrong with them: rows without a text, empty
 * references, files of different length, ids that are doubled, missing, or in another order. A file may have none at all: its
 * rows are then those of the references in order. No text is kept.
 *
 * @returns what holds of the references
 * @throws TextPairsError with every fault and its line
 * @throws TextFileError where a file cannot be read
 */
export async function checkTextFiles(
  predictions: readonly string[],
  references: string,
): Promise<ReferenceSurvey> {
  const faults = new Faults();
  const survey = new ReferenceSurvey();
  const expected = await look(streamTexts(references, referencesOf), references, faults, (list, line) => {
    survey.add(list);
    if (list.some((text) => text.trim() === "")) faults.add(references, line, "the reference is empty");
  });
  let counted = expected.rows;
  for (const path of predictions) {
    const before = faults.count;
    const found = await look(streamTexts(path, predictionOf), path, faults, () => undefined);
    if (found.isNamed && expected.isNamed) compareIds(found, expected, faults);
    else compareLengths(found, expected, faults);
    if (before === 0 && faults.count > 0) counted = found.rows;
  }
  if (expected.rows === 0 && faults.count === 0)
    faults.add(references, 1, "expected at least one row, got none");
  if (faults.count > 0) throw new TextPairsError(faults.kept, faults.count, counted, expected.rows);
  return survey;
}

async function look<Text>(
  rows: AsyncIterable<TextRow<Text>>,
  path: string,
  faults: Faults,
  take: (text: Text, line: number) => void,
): Promise<Places> {
  const places: Places = {
    path,
    rows: 0,
    lastLine: 0,
    lines: [],
    ids: new Map(),
    isNamed: true,
    nameless: 0,
    namelessLines: [],
  };
  for await (const { line, id, text } of rows) {
    places.rows++;
    places.lastLine = line;
    places.lines.push(line);
    if (id === null) places.isNamed = false;
    else {
      const first = places.ids.get(id);
      if (first === undefined) places.ids.set(id, line);
      else faults.add(path, line, phrase`the id ${JSON.stringify(id)} stands on line ${first} already`);
    }
    try {
      take(text(), line);
      if (id !== null) continue;
      places.nameless++;
      if (places.namelessLines.length < MOST_KEPT) places.namelessLines.push(line);
    } catch (error) {
      if (!(error instanceof TextFileError)) throw error;
      faults.add(path, line, error.reasonPhrase);
    }
  }
  if (places.ids.size > 0) {
    for (const line of places.namelessLines)
      faults.add(path, line, "the row has no id, where others have one");
    faults.count += places.nameless - places.namelessLines.length;
  }
  return places;
}

function compareLengths(found: Places, expected: Places, faults: Faults): void {
  if (found.rows === expected.rows) return;
  const [longer, shorter] = found.rows > expected.rows ? [found, expected] : [expected, found];
  const line = longer.lines[shorter.rows];
  const sentence = phrase`nothing belongs to this row: ${found.path} has ${found.rows} rows, ${expected.path} has ${expected.rows}`;
  faults.add(longer.path, line, sentence);
}

function compareIds(found: Places, expected: Places, faults: Faults): void {
  const before = faults.count;
  const missing = (one: Places, other: Places): void => {
    for (const [id, line] of one.ids) {
      if (!other.ids.has(id))
        faults.add(one.path, line, phrase`the id ${JSON.stringify(id)} is missing in ${other.path}`);
    }
  };
  missing(expected, found);
  missing(found, expected);
  if (faults.count > before || found.ids.size !== expected.ids.size) return;
  const wanted = expected.ids.entries();
  for (const [id, line] of found.ids) {
    const [other, place] = wanted.next().value!;
    if (id === other) continue;
    faults.add(
      found.path,
      line,
      phrase`the id ${JSON.stringify(id)} stands where ${phrase`${expected.path}, line ${place}`} has ${JSON.stringify(other)}: ${asPhrase("expected the same order")}`,
    );
    return;
  }
}
