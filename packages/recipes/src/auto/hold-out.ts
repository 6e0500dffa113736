import type { RowSource } from "@lathe/train";

/** Rows that stay together: those of a dialogue are likely to be neighbours in their file. */
const BLOCK = 8;

/** Share of the blocks that is held out. */
const EVERY = 10;

/** Rows by the numbers that they have in a source. */
export function rowsAt<Row>(source: RowSource<Row>, numbers: readonly number[]): RowSource<Row> {
  const { tokens } = source;
  return {
    length: numbers.length,
    row: (index) => source.row(numbers[index]),
    ...(tokens ? { tokens: (index: number) => tokens.call(source, numbers[index]) } : {}),
  };
}

/** As many rows as asked for, spread evenly over a source; all where it has no more. */
export function spread<Row>(source: RowSource<Row>, count: number): RowSource<Row> {
  if (count >= source.length) return source;
  return rowsAt(
    source,
    Array.from({ length: count }, (_, index) => Math.floor((index * source.length) / count)),
  );
}

/**
 * Sets rows apart to evaluate on: every tenth block of eight neighbours, of few rows at least one row.
 * @param seed which of the ten
 */
export function holdOut<Row>(
  source: RowSource<Row>,
  seed: number,
): { readonly training: RowSource<Row>; readonly validation: RowSource<Row> } {
  const size = Math.max(1, Math.min(BLOCK, Math.floor(source.length / EVERY)));
  const blocks = Math.ceil(source.length / size);
  const first = seed % Math.min(EVERY, blocks);
  const isHeldOut = (index: number): boolean => Math.floor(index / size) % EVERY === first;
  const numbers = Array.from({ length: source.length }, (_, index) => index);
  return {
    training: rowsAt(
      source,
      numbers.filter((index) => !isHeldOut(index)),
    ),
    validation: rowsAt(source, numbers.filter(isHeldOut)),
  };
}
