import { type Phrase, phrase } from "@lathe/files";

/** What {@link PARQUET_PAGE_CHECKS} finds, by the names that it throws it under. */
export const parquetFaults = {
  sum: (column: string): Phrase => phrase`a page of column ${column} has another checksum than it says`,
  pages: (column: string): Phrase =>
    phrase`the pages of column ${column} do not fill the bytes they are said to`,
  count: (column: string, values: number, said: number): Phrase =>
    phrase`column ${column} has ${values} values and says ${said}`,
  nulls: (column: string, nulls: number, said: number): Phrase =>
    phrase`column ${column} has ${nulls} empty values and says ${said}`,
  text: (): Phrase => phrase`a text is not valid UTF-8`,
};

/**
 * Source for a guarded thread: `checkPages(file, group)` goes through the pages of a row group before they are unpacked and
 * `checkNulls(group, rows)` counts what is empty in its rows. The library decodes what it finds, asks for no checksum, takes an
 * entry that a dictionary lacks for an empty value and writes a mark for what is no UTF-8. Stands on `parquetHeader` of the
 * library, on `crc32` and on `fault`.
 */
export const PARQUET_PAGE_CHECKS = `
const strict = new TextDecoder("utf-8", { fatal: true });
const decodeText = (bytes) => {
  try {
    return strict.decode(bytes);
  } catch {
    return fault("text");
  }
};
const parsers = {
  stringFromBytes: (bytes) => bytes && decodeText(bytes),
  jsonFromBytes: (bytes) => bytes && JSON.parse(decodeText(bytes)),
};
const checkPages = async (file, group) => {
  for (const { meta_data: meta } of group.columns) {
    const name = meta.path_in_schema.join(".");
    const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
    const size = Number(meta.total_compressed_size);
    if (!(start >= 4) || !(size >= 0) || start + size > file.byteLength) fault("pages", name);
    const view = new DataView(await file.slice(start, start + size));
    const reader = { view, offset: 0 };
    let values = 0;
    while (reader.offset < size) {
      const header = parquetHeader(reader);
      const length = header.compressed_page_size;
      if (!(length >= 0) || reader.offset + length > size) fault("pages", name);
      const bytes = new Uint8Array(view.buffer, view.byteOffset + reader.offset, length);
      if (header.crc !== undefined && crc32(bytes) !== header.crc >>> 0) fault("sum", name);
      values += header.data_page_header?.num_values ?? header.data_page_header_v2?.num_values ?? 0;
      reader.offset += length;
    }
    if (values !== Number(meta.num_values)) fault("count", name, values, Number(meta.num_values));
  }
};
const checkNulls = (group, rows, elements) => {
  for (const { meta_data: meta } of group.columns) {
    if (meta.path_in_schema.length !== 1) continue;
    const [name] = meta.path_in_schema;
    const element = elements.find((one) => one.name === name && one.num_children === undefined);
    if (element === undefined || element.repetition_type === "REPEATED") continue;
    const said = element.repetition_type === "REQUIRED" ? 0 : meta.statistics?.null_count;
    if (said === undefined) continue;
    const nulls = rows.reduce((count, row) => count + (row[name] === undefined || row[name] === null ? 1 : 0), 0);
    if (nulls !== Number(said)) fault("nulls", name, nulls, Number(said));
  }
};
`;
