export type { AdaptableModel } from "./adaptable-model.js";
export { activeAdapters, adapterConfig, adapterNames, DEFAULT_ADAPTER, isMerged } from "./adapted-model.js";
export { readAdapter, readAdapterConfig, type StoredAdapter, writeAdapter } from "./adapter-folder.js";
export { copyAdapter } from "./copy-adapter.js";
export { attach, type AttachOptions, canShareRows, detach, setActive, setActiveRows } from "./attach.js";
export { AdapterFileError, type AdapterFileFault, AdapterStateError, LoraConfigError } from "./errors.js";
export { freshAdapter } from "./fresh-adapter.js";
export { loadAdapter, type LoadAdapterOptions, restoreAdapter, swapAdapter } from "./load-adapter.js";
export {
  type LayerRange,
  type LoraBias,
  loraBiases,
  type LoraInit,
  loraInits,
  type LoraConfig,
  loraDefaults,
  resolveLoraConfig,
  type TargetRole,
  targetRoles,
} from "./lora-config.js";
export {
  type AdapterParts,
  LoraLinear,
  type LoraMatrices,
  type RowAdapters,
  type UpdateSettings,
} from "./lora-linear.js";
export { merge, unmerge } from "./merge.js";
export {
  type MergedWeights,
  type MergedDtype,
  mergedDtypes,
  mergeIntoWeights,
  type MergeIntoWeightsOptions,
} from "./merge-into-weights.js";
export { type MergedTensor, type MergedTensors, mergedTensors } from "./merged-tensors.js";
export { type HostMatrices } from "./merged-weight.js";
export { MergedLinear } from "./merged-linear.js";
export {
  countParameters,
  estimateParameters,
  type ParameterGroup,
  parameterTable,
  type ParameterTable,
} from "./parameter-table.js";
export { type PeftConfig } from "./peft-config.js";
export { SavedModules, type SavedTensor } from "./saved-modules.js";
export { TrainedBias } from "./trained-bias.js";
export { type WholeTensor, wholeTensors } from "./whole-tensors.js";
export { type Factors, principalFactors, withoutFactors } from "./principal-factors.js";
export { saveAdapter, type SaveAdapterOptions } from "./save-adapter.js";
export { type LoraTarget, type SelectedTargets, selectTargets } from "./select-targets.js";
export { type NamedParameter, trainableParameters } from "./trainable-parameters.js";
