import { type Phrase, phrase } from "@lathe/files";

/** What {@link ARROW_COLUMN_CHECKS} finds, by the names that it throws it under. */
export const arrowFaults = {
  count: (column: string, values: number, rows: number): Phrase =>
    phrase`column ${column} has ${values} values for ${rows} rows`,
  short: (column: string): Phrase => phrase`column ${column} ends before its last value`,
  nulls: (column: string, nulls: number, said: number): Phrase =>
    phrase`column ${column} has ${nulls} empty values and says ${said}`,
  offsets: (column: string): Phrase => phrase`column ${column} points outside of its values`,
  text: (column: string): Phrase => phrase`column ${column} has a text that is not valid UTF-8`,
  dictionary: (column: string): Phrase => phrase`column ${column} has entries that its dictionary lacks`,
  schemas: (): Phrase => phrase`its directory and its first message describe other columns`,
  end: (): Phrase => phrase`it does not end behind a message`,
  overlap: (): Phrase => phrase`its directory lets two batches overlap`,
  gap: (bytes: number): Phrase => phrase`its directory leaves out ${bytes} bytes between its batches`,
};

/**
 * Source for a guarded thread: `checkBatch(batch)` holds everything in a record batch that says where something is, or that is
 * there twice, to the rest of it, so that damage becomes a fault instead of other rows. The library itself believes all of it: it
 * reads past the end as empty and writes a mark for what is no UTF-8. Stands on `DataType` of the library and on `fault`.
 */
export const ARROW_COLUMN_CHECKS = `
const checked = new WeakSet();
const strict = new TextDecoder("utf-8", { fatal: true });
const bitsIn = (bitmap, from, to) => {
  let count = 0;
  for (let bit = from; bit < to; bit++) count += (bitmap[bit >> 3] >> (bit & 7)) & 1;
  return count;
};
const isValid = (data, index) => {
  const bit = data.offset + index;
  return data.nullBitmap === undefined || data.nullBitmap.length === 0 || ((data.nullBitmap[bit >> 3] >> (bit & 7)) & 1) === 1;
};
const checkOffsets = (data, name, available) => {
  const { valueOffsets: offsets, length } = data;
  if (length === 0 && offsets.length === 0) return [0, 0];
  if (offsets.length < length + 1) fault("short", name);
  if (!(offsets[0] >= 0) || !(offsets[length] <= available)) fault("offsets", name);
  for (let row = 0; row < length; row++) if (offsets[row + 1] < offsets[row]) fault("offsets", name);
  return [Number(offsets[0]), Number(offsets[length])];
};
const checkText = (data, name) => {
  const { values, valueOffsets: offsets, length } = data;
  const [from, to] = checkOffsets(data, name, values.length);
  try {
    strict.decode(values.subarray(from, to));
  } catch {
    fault("text", name);
  }
  // A text that begins within a character is none, though all of them in a row are.
  for (let row = 0; row < length; row++) {
    const at = Number(offsets[row]);
    if (at < to && (values[at] & 0xc0) === 0x80) fault("text", name);
  }
};
const checkData = (data, name) => {
  if (checked.has(data)) return;
  checked.add(data);
  const { type, length, offset, children } = data;
  if (DataType.isNull(type) || DataType.isUnion(type)) return;
  if (data.nullCount > 0) {
    if (data.nullBitmap.length * 8 < offset + length) fault("short", name);
    const nulls = length - bitsIn(data.nullBitmap, offset, offset + length);
    if (nulls !== data.nullCount) fault("nulls", name, nulls, data.nullCount);
  }
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) checkText(data, name);
  else if (DataType.isBinary(type) || DataType.isLargeBinary(type)) checkOffsets(data, name, data.values.length);
  else if (DataType.isList(type) || DataType.isMap(type) || DataType.isLargeList?.(type)) checkOffsets(data, name, children[0].length);
  else if (DataType.isFixedSizeList(type)) {
    if (children[0].length < length * type.listSize) fault("short", name);
  } else if (DataType.isStruct(type)) {
    if (children.some((child) => child.length < length)) fault("short", name);
  } else if (DataType.isFixedSizeBinary(type)) {
    if (data.values.length < length * type.byteWidth) fault("short", name);
  } else if (DataType.isBool(type)) {
    if (data.values.length * 8 < offset + length) fault("short", name);
  } else if (DataType.isDictionary(type)) {
    if (data.values.length < length) fault("short", name);
    for (let row = 0; row < length; row++) {
      if (isValid(data, row) && !(data.values[row] >= 0 && data.values[row] < data.dictionary.length)) fault("dictionary", name);
    }
    for (const part of data.dictionary.data) checkData(part, name);
  } else if (DataType.isInt(type) || DataType.isFloat(type)) {
    if (data.values.length < length) fault("short", name);
  } else if (data.values !== undefined && data.values.byteLength < length * 4) fault("short", name);
  for (const child of children) checkData(child, name);
};
const checkBatch = (batch) => {
  batch.schema.fields.forEach(({ name }, index) => {
    const data = batch.data.children[index];
    if (data.length !== batch.numRows) fault("count", name, data.length, batch.numRows);
    checkData(data, name);
  });
};
`;
