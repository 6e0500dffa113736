/**
 * Exact match and F1 of short answers by the rules of CMRC 2018's evaluation script (version 5; Cui et al., arXiv:1810.07366): lower
 * case, without the marks on the script's list; F1 counts the longest common stretch of units, which are Han characters and the words
 * between them as NLTK cuts them; of several references the best counts.
 *
 * The script also cuts what stands between Han characters into sentences, with a trained model. That matters where a sentence ends
 * there before its last word, whose full stop stays with its word here.
 */
import { strip } from "@lathe/files";
import { checkSegments, type Segment, type Segments } from "../scores/segments.js";
import { treebankWords } from "./treebank-words.js";

/** The marks that the script leaves out. An ellipsis of two characters is on its list, too, but is never met: it looks at one at a time. */
const ignored = new Set("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』");

const withoutMarks = (text: string): string[] =>
  Array.from(strip(text.toLowerCase())).filter((character) => !ignored.has(character));

const isHan = (character: string): boolean => character >= "\u4e00" && character <= "\u9fa5";

/** What is compared: Han characters, and the words between them. */
export function cmrcUnits(text: string): string[] {
  const units: string[] = [];
  let between = "";
  for (const character of withoutMarks(text)) {
    if (!isHan(character)) {
      between += character;
      continue;
    }
    if (between !== "") units.push(...treebankWords(between));
    between = "";
    units.push(character);
  }
  return between === "" ? units : [...units, ...treebankWords(between)];
}

/**
 * 100 if the prediction is one of the references but for case, marks and white space at the ends, else 0.
 *
 * @throws SegmentError
 */
export function cmrcExactMatch({ prediction, references }: Segment): number {
  const [list] = checkSegments({ predictions: [prediction], references: [references] });
  const own = withoutMarks(prediction).join("");
  return list.some((reference) => withoutMarks(reference).join("") === own) ? 100 : 0;
}

/**
 * F1 of the longest common stretch of units, 0 to 100, the best over the references. Of two texts of which nothing is left it is 0, as
 * the script has it.
 *
 * @throws SegmentError
 */
export function cmrcF1({ prediction, references }: Segment): number {
  const [list] = checkSegments({ predictions: [prediction], references: [references] });
  const units = cmrcUnits(prediction);
  const scores = list.map((reference) => {
    const expected = cmrcUnits(reference);
    const common = longestCommonStretch(units, expected);
    return common === 0 ? 0 : (200 * common) / (units.length + expected.length);
  });
  return Math.max(...scores);
}

/**
 * The mean of {@link cmrcExactMatch} over the segments, 0 to 100.
 *
 * @throws SegmentError
 */
export const corpusCmrcExactMatch = (texts: Segments): number => meanOf(texts, cmrcExactMatch);

/**
 * The mean of {@link cmrcF1} over the segments, 0 to 100.
 *
 * @throws SegmentError
 */
export const corpusCmrcF1 = (texts: Segments): number => meanOf(texts, cmrcF1);

function meanOf({ predictions, references }: Segments, score: (segment: Segment) => number): number {
  const lists = checkSegments({ predictions, references });
  const scores = predictions.map((prediction, segment) => score({ prediction, references: lists[segment] }));
  return scores.reduce((sum, one) => sum + one, 0) / scores.length;
}

/** Units in the longest run that both lists contain. */
function longestCommonStretch(a: readonly string[], b: readonly string[]): number {
  // lengths[j + 1] is the length of the common run that ends at the current unit of a and unit j of b.
  const lengths = new Uint32Array(b.length + 1);
  let longest = 0;
  for (const unit of a) {
    for (let j = b.length - 1; j >= 0; j--) {
      const length = unit === b[j] ? lengths[j] + 1 : 0;
      lengths[j + 1] = length;
      if (length > longest) longest = length;
    }
  }
  return longest;
}
