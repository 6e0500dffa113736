export { ExpectationError } from "./errors/expectation-error.js";
export { FileError } from "./errors/file-error.js";
export { InputError, isInputError } from "./errors/input-error.js";
export type { OnWarning } from "./errors/on-warning.js";
export {
  asPhrase,
  expectationPhrase,
  joinPhrases,
  type Phrase,
  field,
  type FieldName,
  phrase,
  phraseOfLines,
  type PhraseValue,
  sayPhrase,
  type Translations,
} from "./errors/phrase.js";
export { isSpokenError, SpokenError } from "./errors/spoken-error.js";
export { damageOf } from "./errors/damage-of.js";
export { phraseOfError } from "./errors/phrase-of-error.js";
export { OutputFolderError } from "./errors/output-folder-error.js";
export { asFileError, type FileAction, isSystemError, systemReason } from "./errors/system-fault.js";
export { findValueFault } from "./json/find-value-fault.js";
export { isRecord } from "./json/is-record.js";
export { JsonError } from "./json/json-error.js";
export { type JsonForm, jsonFormOf, jsonKeysOf, keepJsonForm, writeJson } from "./json/json-form.js";
export { MAXIMUM_JSON_DEPTH, parseJson, type ParseJsonOptions } from "./json/parse-json.js";
export { removeJsonKey, setJsonKey } from "./json/set-json-key.js";
export { findJsonFault, type JsonFault } from "./json/scan-json.js";
export {
  checkUnlocked,
  claimsElsewhere,
  dropClaims,
  isLocked,
  type Lock,
  lockBeside,
  lockWithin,
  LOCK_NAME,
  takeLock,
  withLock,
} from "./lock/lock.js";
export { LockedError } from "./lock/locked-error.js";
export {
  type Describable,
  option,
  type OptionDetails,
  optionDetails,
  optionGroup,
  type OptionPath,
} from "./option.js";
export { decodeUtf8 } from "./read/decode-utf8.js";
export { hashFile, type HashedFile } from "./read/hash-file.js";
export { fileFaults, type MakeFault, messageOf } from "./read/make-fault.js";
export { decodeJson, readJsonFile, readJsonIfThere, type ReadJsonOptions } from "./read/read-json.js";
export { type AppendedLine, readAppended } from "./read/read-appended.js";
export {
  type Line,
  linesOf,
  MAXIMUM_LINE_BYTES,
  readLines,
  type ReadLinesOptions,
} from "./read/read-lines.js";
export { readSmallFile, statIfThere } from "./read/read-small-file.js";
export {
  formatBytes,
  formatDuration,
  formatNumber,
  formatSeconds,
  formatValue,
} from "./text/format-number.js";
export type { Cell, Told, ToldFacts, ToldLines, ToldTable } from "./text/told.js";
export {
  isWhiteSpace,
  isWhiteSpaceCode,
  splitWhiteSpace,
  strip,
  stripEnd,
  stripStart,
  WHITE_SPACE,
} from "./text/white-space.js";
export { parseDuration, parseNumbersByName, parsePairs, parseRanges } from "./text/parse-text.js";
export { checkWritable } from "./write/check-writable.js";
export { makeFolder } from "./write/make-folder.js";
export { openAppended } from "./write/open-appended.js";
export { removeFolder } from "./write/remove-folder.js";
export { type FileContents, replaceFile } from "./write/replace-file.js";
export { replaceFolder, type ReplaceFolderOptions } from "./write/replace-folder.js";
export {
  isOnTheWay,
  recoverPlace,
  sweepLeftovers,
  type SweepLeftoversOptions,
} from "./write/sweep-leftovers.js";
export { filesBelow, syncFile, syncFolder } from "./write/sync.js";
export { temporaryName, type TemporaryKind } from "./write/temporary-name.js";
