import { threefry2x32 } from "@lathe/kernels";

/** Rows that speak of the same. */
export interface Topic {
  /** Words that tell these rows from others, the most telling first. */
  readonly words: readonly string[];
  readonly rows: number;
  /** Number of the row that is most like the others. */
  readonly example: number;
}

const MOST_TOPICS = 10;
const ROUNDS = 12;
const VOCABULARY = 4000;
const SHOWN_WORDS = 6;

/** A row as weights of words, of length 1: parallel lists of columns and values. */
interface RowVector {
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

/**
 * Groups rows by what they speak of: weights of words by tf · idf, and spherical k-means on them, begun as k-means++ begins (Arthur and
 * Vassilvitskii, 2007). Words of a single row, and of more than half of the rows, tell nothing and do not count.
 *
 * @param rows the words of every row
 * @param seed chooses the beginning; a whole number from 0
 * @returns the largest topic first; rows without a telling word are in none
 */
export function topicsOf(rows: readonly (readonly string[])[], seed: number): Topic[] {
  const vocabulary = telling(rows);
  const vectors = rows.map((words) => vectorOf(words, vocabulary, rows.length));
  const known = vectors.flatMap(({ columns }, row) => (columns.length > 0 ? [row] : []));
  const count = Math.min(MOST_TOPICS, Math.floor(Math.sqrt(known.length / 2)));
  if (count < 2) return [];
  let centres = begin(known, vectors, count, vocabulary.size, seed);
  let owners = nearest(known, vectors, centres);
  for (let round = 0; round < ROUNDS; round++) {
    centres = centres.map((_, topic) =>
      meanOf(
        known.filter((_row, at) => owners[at] === topic),
        vectors,
        vocabulary.size,
      ),
    );
    const moved = nearest(known, vectors, centres);
    const isSettled = moved.every((topic, at) => topic === owners[at]);
    owners = moved;
    if (isSettled) break;
  }
  const words = [...vocabulary.keys()];
  return centres
    .map((centre, topic): Topic | null => {
      const members = known.filter((_row, at) => owners[at] === topic);
      if (members.length === 0) return null;
      const example = members.reduce((best, row) =>
        likeness(vectors[row], centre) > likeness(vectors[best], centre) ? row : best,
      );
      const heaviest = [...centre.keys()]
        .filter((column) => centre[column] > 0)
        .sort((left, right) => centre[right] - centre[left])
        .slice(0, SHOWN_WORDS);
      return { words: heaviest.map((column) => words[column]), rows: members.length, example };
    })
    .filter((topic) => topic !== null)
    .sort((left, right) => right.rows - left.rows);
}

/** Words that count, each with its column and the rows that hold it. */
function telling(rows: readonly (readonly string[])[]): Map<string, { column: number; rows: number }> {
  const holding = new Map<string, number>();
  for (const words of rows)
    for (const word of new Set(words)) holding.set(word, (holding.get(word) ?? 0) + 1);
  const kept = [...holding]
    .filter(([word, count]) => count > 1 && count <= rows.length / 2 && word.length > 1)
    .sort(([left, a], [right, b]) => b - a || (left < right ? -1 : 1))
    .slice(0, VOCABULARY);
  return new Map(kept.map(([word, count], column) => [word, { column, rows: count }]));
}

function vectorOf(
  words: readonly string[],
  vocabulary: ReadonlyMap<string, { column: number; rows: number }>,
  rows: number,
): RowVector {
  const weights = new Map<number, number>();
  for (const word of words) {
    const entry = vocabulary.get(word);
    if (entry === undefined) continue;
    weights.set(entry.column, (weights.get(entry.column) ?? 0) + Math.log(rows / entry.rows));
  }
  const norm = Math.hypot(...weights.values()) || 1;
  return {
    columns: Int32Array.from(weights.keys()),
    values: Float64Array.from(weights.values(), (value) => value / norm),
  };
}

function begin(
  known: readonly number[],
  vectors: readonly RowVector[],
  count: number,
  size: number,
  seed: number,
): Float64Array[] {
  const draw = (at: number): number => threefry2x32([seed, 1], [at, 0])[0] / 2 ** 32;
  const centres = [meanOf([known[Math.floor(draw(0) * known.length)]], vectors, size)];
  const distance = Float64Array.from(known, (row) => 1 - likeness(vectors[row], centres[0]));
  while (centres.length < count) {
    let point = draw(centres.length) * distance.reduce((sum, value) => sum + value, 0);
    const chosen = distance.findIndex((value) => (point -= value) < 0);
    const centre = meanOf([known[Math.max(0, chosen)]], vectors, size);
    centres.push(centre);
    known.forEach((row, at) => (distance[at] = Math.min(distance[at], 1 - likeness(vectors[row], centre))));
  }
  return centres;
}

function nearest(
  known: readonly number[],
  vectors: readonly RowVector[],
  centres: readonly Float64Array[],
): Int32Array {
  return Int32Array.from(known, (row) => {
    let best = 0;
    let most = -1;
    for (const [topic, centre] of centres.entries()) {
      const like = likeness(vectors[row], centre);
      if (like > most) [best, most] = [topic, like];
    }
    return best;
  });
}

/** [words] mean of rows, of length 1; of no rows nothing. */
function meanOf(rows: readonly number[], vectors: readonly RowVector[], size: number): Float64Array {
  const mean = new Float64Array(size);
  for (const row of rows) {
    const { columns, values } = vectors[row];
    for (const [at, column] of columns.entries()) mean[column] += values[at];
  }
  const norm = Math.sqrt(mean.reduce((sum, value) => sum + value * value, 0));
  return norm === 0 ? mean : mean.map((value) => value / norm);
}

/** Cosine of the angle between a row and a centre, 0 to 1. */
function likeness({ columns, values }: RowVector, centre: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < columns.length; at++) sum += values[at] * centre[columns[at]];
  return sum;
}
