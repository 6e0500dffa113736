export {
  CLEANING_DEFAULTS,
  DEFAULT_STEPS,
  type CleaningOptions,
  type ResolvedCleaningOptions,
  type StepChoice,
  type StepWithSettings,
} from "./clean/cleaning-options.js";
export { type CleaningLimits } from "./clean/cleaning-limits.js";
export { type CleaningStep, type Rejection, type StepFunction } from "./clean/cleaning-step.js";
export { CHINESE_FORMS, type ChineseForm } from "./clean/chinese.js";
export { MissingConversionError } from "./clean/missing-conversion-error.js";
export { type BoilerplateSettings } from "./clean/boilerplate.js";
export { type StepSettings } from "./clean/step-settings.js";
export { CLEANING_STEPS, type StepName } from "./clean/step-names.js";
export { removeHtml } from "./clean/html.js";
export { removeMarkup } from "./clean/markup.js";
export { repairMojibake, type MojibakeOutcome } from "./clean/mojibake.js";
export { SCRIPTS, type ScriptName } from "./clean/scripts.js";
export { SPEAKERS } from "./clean/speaker-prefixes.js";
export { removeControlCharacters } from "./clean/control-characters.js";
export { type DataRecord, MAXIMUM_RECORD_BYTES, type ReadOptions } from "./read/data-record.js";
export { expandInputs } from "./read/expand-inputs.js";
export { digest128, DigestIndex } from "./rows/digest-index.js";
export { foldUnicode } from "./clean/fold-unicode.js";
export { DIALOGUE_FIELDS, groupDigests } from "./split/group-digests.js";
export {
  findLeaks,
  type FindLeaksOptions,
  type Leak,
  type LeakedRow,
  type LeakReport,
} from "./verify/find-leaks.js";
export { tellLeaks } from "./verify/tell-leaks.js";
export { askedText, comparedText } from "./near/compared-text.js";
export { NEAR_DUPLICATE_THRESHOLD, NearDuplicates, type NearClusters } from "./near/near-duplicates.js";
export { jaccard, Shingles } from "./near/shingles.js";
export { RowGroups, type RowGroupOptions } from "./split/row-groups.js";
export { unifyLineEnds } from "./clean/line-ends.js";
export { findPersonalData } from "./personal-data/find-personal-data.js";
export { PERSONAL_DATA_KINDS, type PersonalDataKind, type PersonalDatum } from "./personal-data/kinds.js";
export { readPersonalDataKey } from "./personal-data/personal-data-key.js";
export {
  PERSONAL_DATA_ACTIONS,
  type PersonalDataAction,
  type PersonalDataOptions,
  type ResolvedPersonalDataOptions,
} from "./personal-data/personal-data-options.js";
export { restorePersonalData, SealedDataError } from "./personal-data/restore-personal-data.js";
export { OptionError } from "./option-error.js";
export { parseRow } from "./rows/parse-row.js";
export { prepare, type PrepareResult } from "./prepare/prepare.js";
export { REJECTION_RULES, type RejectionRuleName, type TokenCounts } from "./prepare/prepare-intake.js";
export { type PrepareInput, type PrepareOptions, type PrepareProgress } from "./prepare/prepare-options.js";
export { MANIFEST_FILE, MANIFEST_FORMAT } from "./prepare/manifest-file.js";
export { readCsv, type ReadCsvOptions } from "./read/read-csv.js";
export { readJsonl } from "./read/read-jsonl.js";
export { MAXIMUM_ROW_GROUP_BYTES, readParquet } from "./read/read-parquet.js";
export { checkOutputFolder } from "./prepare/prepared-folder.js";
export { type NamedFile, recordsOfNamedFile } from "./read/named-file.js";
export { type NamedRows } from "./read/records-of-rows.js";
export { readRecords } from "./read/read-records.js";
export { readRows } from "./rows/read-rows.js";
export { ResumeError } from "./prepare/resume-error.js";
export { RejectedRowsError } from "./prepare/rejected-rows-error.js";
export {
  RowCleaner,
  type CleaningExample,
  type CleaningOutcome,
  type CleaningReport,
} from "./clean/row-cleaner.js";
export { rowDigest } from "./rows/row-digest.js";
export { type RowPlace } from "./read/row-place.js";
export { ROW_SHAPES, RowError } from "./rows/row-error.js";
export { TOKEN_THREAD_LIMITS, type TokenizerSource } from "./tokenize/token-threads.js";
export { type RowTokenizer } from "./tokenize/row-tokenizer.js";
export {
  UNSCORED,
  type ChatMessage,
  type ChatRole,
  type Conversation,
  type CompletionRow,
  type PreferenceRow,
  type PreferenceSide,
  type PreferenceTokensRow,
  type MessagesRow,
  type PairRow,
  type Row,
  type RowFields,
  type TextRow,
  type TokensRow,
  type Tools,
} from "./rows/row.js";
export { serializeRow } from "./rows/serialize-row.js";
export { splitRows, type SplitOptions } from "./split/split-rows.js";
export { parseSplitWeights, SPLITS, type SplitName, type SplitWeights } from "./split/split-weights.js";
export { ArrowGuard } from "./token-files/arrow-guard.js";
export {
  type BatchPosition,
  TokenBatches,
  type TokenBatch,
  type TokenBatchesOptions,
  type TokenRows,
} from "./batches/token-batches.js";
export { type SavedDataset, saveDatasets, type SaveDatasetsOptions } from "./datasets/save-datasets.js";
export type { TokenColumns } from "./token-files/token-batch-columns.js";
export { type FileMemory } from "./token-files/file-memory.js";
export { type OpenTokensOptions, TokenDataset } from "./token-files/token-dataset.js";
export { TokenRowCollector } from "./token-files/token-row-collector.js";
export { TokenFileError } from "./token-files/token-file-error.js";
export { TOKEN_FILE_VERSION, type TokenFileMetadata, type TokenRow } from "./token-files/token-row.js";
export { conversationOf } from "./rows/conversation-of.js";
export {
  encodeConversation,
  type EncodeConversationOptions,
  type EncodedConversation,
} from "./tokenize/encode-conversation.js";
export { encodeTextPrompt, type EncodedPiece, type EncodedPieces } from "./tokenize/encode-pieces.js";
export { parseTools } from "./rows/parse-tools.js";
export { readTools } from "./rows/read-tools.js";
export {
  encodeRow,
  type EncodeRowOptions,
  tokenizeRow,
  tokenizeRows,
  type TokenizedRow,
  type TokenizeOptions,
  type TokenizeRowOptions,
} from "./tokenize/tokenize-row.js";
export { LOSS_TURNS, type LossTurns } from "./tokenize/learnt-turns.js";
export {
  type CutPolicy,
  cutIds,
  type IdsAndLabels,
  OVERLONG_POLICIES,
  type OverlongPolicy,
} from "./tokenize/overlong.js";
export { OverlongRowError } from "./tokenize/overlong-row-error.js";
export { REASONING_POLICIES, type ReasoningPolicy } from "./tokenize/reasoning.js";
export { readColumns, rowColumns, type RowColumns } from "./rows/row-columns.js";
export { type Contradiction, type ContradictionReport } from "./prepare/contradictions.js";
export { columnsOf } from "./prepare/prepare-options.js";
export { rowWeight } from "./rows/row-weight.js";
export { UnscoredRowError } from "./tokenize/unscored-row-error.js";
export { tidyWhiteSpace } from "./clean/white-space.js";
export { type TokenRowInput } from "./token-files/token-file-writer.js";
export { writeTokenFile } from "./token-files/write-token-file.js";
export { removeZeroWidth } from "./clean/zero-width.js";
export {
  tokenizeJudgement,
  tokenizePair,
  type TokenizedJudgement,
  type TokenizedPair,
  type TokenizePreferenceOptions,
} from "./preference/tokenize-preference.js";
export { type Histogram, type HistogramBin } from "./survey/histogram.js";
export {
  type DataSurvey,
  type PlacedRow,
  surveyFolder,
  type SurveyedTopic,
  type SurveyOptions,
} from "./survey/survey-folder.js";
export { type NGram } from "./survey/top-n-grams.js";
export { type Topic } from "./survey/topics.js";
export { type PreparedCounts } from "./prepare/read-manifest.js";
