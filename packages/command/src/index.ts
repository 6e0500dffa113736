export { commandName, type CommandPlace } from "./command-name.js";
export type { CommandMessages } from "./command-messages.js";
export { type ConfigFile, readConfigFile } from "./config-file.js";
export { EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE } from "./failure.js";
export { fieldsOf, flagOf } from "./fields.js";
export {
  formatBytes,
  formatDuration,
  formatFacts,
  formatNumber,
  formatTable,
  formatValue,
  widthOf,
} from "./format.js";
export type { InputStream, Io, OutputStream } from "./io.js";
export { nearestName, suggestion } from "./nearest-name.js";
export { openInBrowser } from "./open-in-browser.js";
export { option, type OptionDetails, optionGroup, type ResolveContext } from "./option.js";
export { nameAmong, type OtherNames } from "./other-names.js";
export { parseDuration, parseNumbersByName, parsePairs, parseRanges } from "./parse-text.js";
export type { NameHere, Program } from "./program.js";
export { type Progress, type ProgressOptions, startProgress } from "./progress.js";
export { camelCase, kebabCase } from "./property.js";
export { resolveOptions, type ResolvedOptions } from "./resolve-options.js";
export { runCommandLine } from "./run-command-line.js";
export { type ProgramStart, runProgram } from "./run-program.js";
export { UsageError } from "./usage-error.js";
export type { Verb, VerbContext, VerbDefinition, VerbEntry, VerbResult } from "./verb.js";
export { whileServing } from "./while-serving.js";
