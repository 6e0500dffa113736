/**
 * The edits of translation edit rate (Snover et al., 2006, https://aclanthology.org/2006.amta-papers.25): the fewest
 * insertions, deletions, substitutions and shifts of word runs that a greedy search finds. The search and its limits are
 * those of tercom as sacreBLEU has them, since every one of them moves a number.
 */

/** Longest run of words that is shifted. */
const LONGEST_SHIFT = 10;
/** Farthest that a run is looked for from its own place. */
const FARTHEST_SHIFT = 50;
/** Half the width of the band of the distance matrix that is filled in. */
const BEAM = 25;
/** Shifts that are tried for one pair of texts. */
const MOST_CANDIDATES = 1000;
/** Above every distance that can come; cells outside the band hold it. */
const UNREACHED = 1e16;

const NOTHING = 0;
const SUBSTITUTE = 1;
const INSERT = 2;
const DELETE = 3;

/** Words as numbers, the same for the same word. */
type Words = readonly number[];

/** Edits that turn a prediction into a reference. */
export function countTerEdits(predicted: readonly string[], reference: readonly string[]): number {
  if (reference.length === 0) return predicted.length;
  const numbers = new Map<string, number>();
  const numberOf = (word: string): number => {
    const known = numbers.get(word);
    if (known !== undefined) return known;
    numbers.set(word, numbers.size);
    return numbers.size - 1;
  };
  const target = reference.map(numberOf);
  const distances = new BandedDistance(target, predicted.length);
  let words: Words = predicted.map(numberOf);
  let shifts = 0;
  let tried = 0;
  for (;;) {
    const shift = bestShift(words, target, distances, tried);
    tried = shift.tried;
    if (tried >= MOST_CANDIDATES || shift.gain <= 0) break;
    shifts++;
    words = shift.words;
  }
  return shifts + distances.of(words);
}

/** Word edit distance to one reference, for predictions of one length that share beginnings. */
class BandedDistance {
  readonly #reference: Words;
  readonly #width: number;
  readonly #costs: Float64Array; // [words of the prediction + 1][words of the reference + 1]
  readonly #edits: Uint8Array;
  readonly #ratio: number;
  readonly #beam: number;
  #last: Words = [];

  constructor(reference: Words, length: number) {
    this.#reference = reference;
    this.#width = reference.length + 1;
    const cells = (length + 1) * this.#width;
    this.#costs = new Float64Array(cells).fill(UNREACHED);
    this.#edits = new Uint8Array(cells);
    for (let column = 0; column < this.#width; column++) {
      this.#costs[column] = column;
      this.#edits[column] = INSERT;
    }
    this.#ratio = length > 0 ? reference.length / length : 1;
    // Where lengths differ much, bands of neighbouring rows would not meet.
    this.#beam = BEAM < this.#ratio / 2 ? Math.ceil(this.#ratio / 2 + BEAM) : BEAM;
  }

  /** The distance, substitutions, insertions and deletions costing 1 each. */
  of(words: Words): number {
    // The rows of words that were there before, at the beginning, stay as they are.
    let same = 0;
    while (same < words.length && same < this.#last.length && words[same] === this.#last[same]) same++;
    // The last row is filled in to its end, which others are not.
    if (this.#last.length === words.length)
      for (let row = same + 1; row <= words.length; row++) this.#fill(words, row);
    else for (let row = 1; row <= words.length; row++) this.#fill(words, row);
    this.#last = words;
    return this.#costs[(words.length + 1) * this.#width - 1];
  }

  #fill(words: Words, row: number): void {
    const width = this.#width;
    const middle = Math.floor(row * this.#ratio);
    const first = Math.max(0, middle - this.#beam);
    const end = row === words.length ? width : Math.min(width, middle + this.#beam);
    const word = words[row - 1];
    for (let column = first; column < end; column++) {
      const cell = row * width + column;
      const above = cell - width;
      if (column === 0) {
        this.#costs[cell] = this.#costs[above] + 1;
        this.#edits[cell] = DELETE;
        continue;
      }
      const equal = word === this.#reference[column - 1];
      // Of equal costs the diagonal comes first, then deletion, then insertion: the trace is read the other way round.
      let cost = this.#costs[above - 1] + (equal ? 0 : 1);
      let edit = equal ? NOTHING : SUBSTITUTE;
      if (this.#costs[above] + 1 < cost) {
        cost = this.#costs[above] + 1;
        edit = DELETE;
      }
      if (this.#costs[cell - 1] + 1 < cost) {
        cost = this.#costs[cell - 1] + 1;
        edit = INSERT;
      }
      this.#costs[cell] = cost;
      this.#edits[cell] = edit;
    }
  }

  /** The edits of the words asked for last, from the first word on, as they turn the reference into them. */
  trace(): number[] {
    const edits: number[] = [];
    let row = this.#last.length;
    let column = this.#reference.length;
    while (row > 0 || column > 0) {
      const edit = this.#edits[row * this.#width + column];
      edits.push(edit === INSERT ? DELETE : edit === DELETE ? INSERT : edit);
      if (edit !== INSERT) row--;
      if (edit !== DELETE) column--;
    }
    return edits.reverse();
  }
}

interface Shift {
  /** Edits that it saves; 0 where there is none. */
  readonly gain: number;
  readonly words: Words;
  /** Candidates tried so far, over all shifts of the pair. */
  readonly tried: number;
}

/** The shift that saves most; of equal ones the longest run, then the earliest run, then the earliest target. */
function bestShift(words: Words, reference: Words, distances: BandedDistance, triedBefore: number): Shift {
  const before = distances.of(words);
  const { alignment, wrongInWords, wrongInReference } = align(distances.trace(), reference.length);
  let tried = triedBefore;
  let best: { gain: number; length: number; start: number; target: number; words: Words } | undefined;
  const consider = (start: number, length: number, target: number): void => {
    const shifted = moveRun(words, start, length, target);
    const gain = before - distances.of(shifted);
    tried++;
    const better =
      best === undefined ||
      (gain !== best.gain
        ? gain > best.gain
        : length !== best.length
          ? length > best.length
          : start !== best.start
            ? start < best.start
            : target < best.target);
    if (better) best = { gain, length, start, target, words: shifted };
  };
  for (const { start, at, length } of commonRuns(words, reference)) {
    // A run is moved only where some of its words are wrong where they stand, and some of the target's are missing.
    if (!wrongInWords.subarray(start, start + length).includes(1)) continue;
    if (!wrongInReference.subarray(at, at + length).includes(1)) continue;
    const aligned = alignment[at];
    if (aligned >= start && aligned < start + length) continue;
    let previous = -1;
    for (let offset = -1; offset < length; offset++) {
      const place = at + offset;
      if (place >= reference.length) break;
      const target = place === -1 ? 0 : alignment[place] + 1;
      if (target === previous) continue;
      previous = target;
      consider(start, length, target);
      if (tried >= MOST_CANDIDATES) break;
    }
    if (tried >= MOST_CANDIDATES) break;
  }
  return best === undefined ? { gain: 0, words, tried } : { gain: best.gain, words: best.words, tried };
}

interface Alignment {
  /** For each word of the reference the place in the words that it is aligned to, or that lies before it; from -1. */
  readonly alignment: Int32Array;
  /** 1 where a word is not the aligned one. */
  readonly wrongInWords: Uint8Array;
  readonly wrongInReference: Uint8Array;
}

function align(trace: readonly number[], referenceLength: number): Alignment {
  const alignment = new Int32Array(referenceLength);
  const wrongInReference = new Uint8Array(referenceLength);
  const wrongInWords: number[] = [];
  let place = -1;
  for (const edit of trace) {
    if (edit !== DELETE) {
      wrongInWords.push(edit === NOTHING ? 0 : 1);
    }
    if (edit !== INSERT) {
      place++;
      wrongInReference[place] = edit === NOTHING ? 0 : 1;
      alignment[place] = wrongInWords.length - 1;
    }
  }
  return { alignment, wrongInWords: Uint8Array.from(wrongInWords), wrongInReference };
}

/** Runs that stand in both, and all their beginnings, near each other. */
function* commonRuns(
  words: Words,
  reference: Words,
): Generator<{ readonly start: number; readonly at: number; readonly length: number }> {
  for (let start = 0; start < words.length; start++) {
    const last = Math.min(reference.length - 1, start + FARTHEST_SHIFT);
    for (let at = Math.max(0, start - FARTHEST_SHIFT); at <= last; at++) {
      let length = 0;
      while (length < LONGEST_SHIFT && words[start + length] === reference[at + length]) {
        length++;
        yield { start, at, length };
        if (start + length === words.length || at + length === reference.length) break;
      }
    }
  }
}

/** The words with a run moved before the word at `target`. */
function moveRun(words: Words, start: number, length: number, target: number): Words {
  const run = words.slice(start, start + length);
  const end = start + length;
  if (target < start)
    return [...words.slice(0, target), ...run, ...words.slice(target, start), ...words.slice(end)];
  if (target > end)
    return [...words.slice(0, start), ...words.slice(end, target), ...run, ...words.slice(target)];
  // A target inside the run moves it on by what lies between.
  return [
    ...words.slice(0, start),
    ...words.slice(end, length + target),
    ...run,
    ...words.slice(length + target),
  ];
}
