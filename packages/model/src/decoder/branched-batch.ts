import type { FlatBatch } from "./flat-batch.js";

/** A prompt and what may follow it, each continuation by itself: a reply that was chosen and one that was not. */
export interface BranchedRow {
  /** Token ids, at least one. */
  readonly stem: Int32Array;
  /** Token ids of continuations, at least one token each; every one of them is a label. */
  readonly branches: readonly Int32Array[];
}

/** Where a segment's keys are, when a stem is computed once for several branches. */
export interface BranchKeys {
  /** Rows of the batch that hold keys and values, segment by segment; those of a stem come once a branch. */
  readonly rows: Int32Array;
  /** Cumulative offsets within `rows`, segments + 1 entries. */
  readonly segments: Int32Array;
}

/**
 * Rows of branches as a flat batch. The tokens of a stem are there once, as a segment of its own, however many branches it has; a row of
 * a single branch is one segment.
 */
export interface BranchedBatch extends FlatBatch {
  /** Position of each segment's first token within its sequence. */
  readonly firstPositions: Int32Array;
  /** Null where no stem is shared. */
  readonly keys: BranchKeys | null;
  /** M positions in the flat batch, each the one that a label is predicted from. */
  readonly positions: Int32Array;
  /** M token ids. */
  readonly labels: Int32Array;
  /** Cumulative offsets within the M labels: those of each row's stem (none, unless they are wanted), then those of its branches. */
  readonly spans: Int32Array;
}

/** How {@link branchedBatch} puts rows together. */
export interface BranchedOptions {
  /** Whether the tokens of stems are labels too, but for the first, which has nothing before it. @defaultValue false */
  readonly scoresStems?: boolean;
}

/**
 * Joins rows of branches into a flat batch.
 * @throws RangeError naming the row with an empty stem, no branch, or an empty branch
 */
export function branchedBatch(
  rows: readonly BranchedRow[],
  { scoresStems = false }: BranchedOptions = {},
): BranchedBatch {
  const tokens: number[] = [];
  const segments = [0];
  const firstPositions: number[] = [];
  const keyRows: number[] = [];
  const keySegments = [0];
  const positions: number[] = [];
  const labels: number[] = [];
  const spans = [0];

  const append = (ids: Int32Array): number => {
    const start = tokens.length;
    for (const id of ids) tokens.push(id);
    return start;
  };
  const endSegment = (
    firstPosition: number,
    ...keys: readonly (readonly [start: number, end: number])[]
  ): void => {
    segments.push(tokens.length);
    firstPositions.push(firstPosition);
    for (const [start, end] of keys) for (let row = start; row < end; row++) keyRows.push(row);
    keySegments.push(keyRows.length);
  };
  const score = (ids: Int32Array, from: (index: number) => number): void => {
    ids.forEach((id, index) => {
      positions.push(from(index));
      labels.push(id);
    });
    spans.push(labels.length);
  };

  for (const [index, { stem, branches }] of rows.entries()) {
    check(index, stem, branches);
    const stemStart = append(stem);
    const stemEnd = tokens.length;
    score(scoresStems ? stem.subarray(1) : new Int32Array(0), (label) => stemStart + label);
    const isShared = branches.length > 1;
    if (isShared) endSegment(0, [stemStart, stemEnd]);
    for (const branch of branches) {
      const start = append(branch);
      score(branch, (label) => (label === 0 ? stemEnd - 1 : start + label - 1));
      if (isShared) endSegment(stem.length, [stemStart, stemEnd], [start, tokens.length]);
      else endSegment(0, [stemStart, tokens.length]);
    }
  }
  const isAnyShared = keyRows.length > tokens.length;
  return {
    tokens: Int32Array.from(tokens),
    segments: Int32Array.from(segments),
    firstPositions: Int32Array.from(firstPositions),
    keys: isAnyShared ? { rows: Int32Array.from(keyRows), segments: Int32Array.from(keySegments) } : null,
    positions: Int32Array.from(positions),
    labels: Int32Array.from(labels),
    spans: Int32Array.from(spans),
  };
}

function check(index: number, stem: Int32Array, branches: readonly Int32Array[]): void {
  const fault =
    stem.length === 0
      ? "a stem of at least one token, got none"
      : branches.length === 0
        ? "at least one branch, got none"
        : branches.some((branch) => branch.length === 0)
          ? "at least one token in every branch, got none"
          : null;
  if (fault !== null) throw new RangeError(`row ${index}: expected ${fault}`);
}
