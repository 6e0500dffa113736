export { assignGroups } from "./assign-groups.js";
export {
  CLEANING_DEFAULTS,
  CLEANING_RULES,
  type CleaningOptions,
  type CleaningRuleName,
  type ResolvedCleaningOptions,
} from "./cleaning-options.js";
export { ROW_RULES, TEXT_RULES, type RowRule, type TextRule } from "./cleaning-rules.js";
export { removeControlCharacters } from "./control-characters.js";
export { MAXIMUM_LINE_BYTES, type DataRecord, type ReadOptions } from "./data-record.js";
export { digest128, DigestIndex } from "./digest-index.js";
export { foldUnicode } from "./fold-unicode.js";
export { DIALOGUE_FIELDS, groupDigest } from "./group-digest.js";
export { InputError } from "./input-error.js";
export { InputFileError } from "./input-file-error.js";
export { unifyLineEnds } from "./line-ends.js";
export { OptionError } from "./option-error.js";
export { OutputFolderError } from "./output-folder-error.js";
export { parseRow } from "./parse-row.js";
export { prepare, type PrepareResult } from "./prepare.js";
export {
  REJECTION_RULES,
  type PrepareRuleName,
  type RejectionRuleName,
  type TokenCounts,
} from "./prepare-intake.js";
export { type PrepareOptions, type PrepareProgress } from "./prepare-options.js";
export { MANIFEST_FILE, MANIFEST_FORMAT } from "./prepared-folder.js";
export { readCsv, type ReadCsvOptions } from "./read-csv.js";
export { readJsonl } from "./read-jsonl.js";
export { MAXIMUM_ROW_GROUP_BYTES, readParquet } from "./read-parquet.js";
export { readRecords } from "./read-records.js";
export { readRows } from "./read-rows.js";
export { RejectedRowsError } from "./rejected-rows-error.js";
export {
  RowCleaner,
  type CleaningExample,
  type CleaningOutcome,
  type CleaningReport,
} from "./row-cleaner.js";
export { rowDigest } from "./row-digest.js";
export { ROW_SHAPES, RowError, type RowPlace } from "./row-error.js";
export { type RowTokenizer } from "./row-tokenizer.js";
export {
  UNSCORED,
  type ChatMessage,
  type ChatRole,
  type CompletionRow,
  type MessagesRow,
  type PairRow,
  type Row,
  type RowFields,
  type TextRow,
  type TokensRow,
} from "./row.js";
export { MAXIMUM_NESTING } from "./safe-json.js";
export { serializeRow } from "./serialize-row.js";
export { splitRows, type SplitOptions } from "./split-rows.js";
export { parseSplitWeights, SPLITS, type SplitName, type SplitWeights } from "./split-weights.js";
export { TokenDataset } from "./token-dataset.js";
export { TokenFileError } from "./token-file-error.js";
export { TOKEN_FILE_VERSION, type TokenFileMetadata, type TokenRow } from "./token-row.js";
export { tokenizeRow, type TokenizedRow, type TokenizeOptions } from "./tokenize-row.js";
export { UnscoredRowError } from "./unscored-row-error.js";
export { tidyWhiteSpace } from "./white-space.js";
export { writeTokenFile, type TokenRowInput } from "./write-token-file.js";
export { removeZeroWidth } from "./zero-width.js";
