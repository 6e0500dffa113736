export type { Checkpoint, OpenCheckpointOptions } from "./checkpoint/checkpoint.js";
export { openCheckpoint } from "./checkpoint/open-checkpoint.js";
export {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "./checkpoint/half-precision.js";
export { openSafetensors, type SafetensorsFile } from "./checkpoint/safetensors-file.js";
export {
  type Dtype,
  dtypeSizes,
  type HeldTensor,
  type RawTensor,
  type RowRange,
  type TensorInfo,
} from "./checkpoint/tensor-info.js";
export { writeRandomModel } from "./checkpoint/write-random-model.js";
export { type TensorToWrite, writeSafetensors } from "./checkpoint/write-safetensors.js";
export { kernelsInUse, type WeightMemory } from "./checkpoint/weight-memory.js";
export { checkTensors, type TensorCheck } from "./config/check-tensors.js";
export { expectedTensors } from "./config/expected-tensors.js";
export {
  type Architecture,
  type ModelConfig,
  type RopeConfig,
  type RopeScaling,
  supportedArchitectures,
} from "./config/model-config.js";
export { type ConfigObject, parseModelConfig, readModelConfig } from "./config/read-model-config.js";
export { type RopeFrequencies, ropeInverseFrequencies } from "./config/rope-frequencies.js";
export {
  activationBytes,
  type ActivationPlan,
  type CheckpointingPlan,
  planCheckpointing,
  segmentLengths,
} from "./decoder/activation-bytes.js";
export { DenseLinear } from "./decoder/dense-linear.js";
export type { Attend, DecoderLayer, LayerLinearName } from "./decoder/decoder-layer.js";
export { layerLinearNames } from "./decoder/decoder-layer.js";
export { EmbeddingTable } from "./decoder/embedding-table.js";
export {
  flatBatch,
  type FlatBatch,
  type LabelledBatch,
  type LabelledRow,
  targetsOf,
  type Targets,
  UNSCORED,
} from "./decoder/flat-batch.js";
export {
  type AttendLayer,
  type Checkpointing,
  LanguageModel,
  type LanguageModelParts,
  type LinearRole,
  type NamedLinear,
  type RunLayers,
} from "./decoder/language-model.js";
export type { DenseWeight, Linear } from "./decoder/linear.js";
export {
  CheckpointError,
  type CheckpointFault,
  ModelConfigError,
  type ModelConfigFault,
  TokenizerError,
  type TokenizerFault,
} from "./errors.js";
export {
  DEFAULT_MAX_NEW_TOKENS,
  type FinishReason,
  generate,
  type GeneratedToken,
  type GenerationOptions,
  type ShouldStop,
} from "./generation/generate.js";
export { generateText, type TextGenerationOptions, type TextPiece } from "./generation/generate-text.js";
export { NonFiniteLogitsError } from "./generation/non-finite-logits-error.js";
export { type Draw, sampleToken, samplingDefaults, type SamplingOptions } from "./generation/sampling.js";
export {
  type GenerationDefaults,
  readGenerationDefaults,
  type SuggestedSampling,
} from "./generation/read-generation-defaults.js";
export { weightBytesPerToken } from "./generation/weight-bytes-per-token.js";
export { createStopCutter, cutAtStop, type StopCutter } from "./generation/stop-texts.js";
export {
  loadModel,
  type LoadModelOptions,
  readDenseLinear,
  type ReadLinear,
  type StoredLinear,
} from "./load-model.js";
export type { ChatMessage, RenderChatOptions } from "./tokenizer/chat-template.js";
export { checkTokenizerFits } from "./tokenizer/check-tokenizer-fits.js";
export { loadTokenizer } from "./tokenizer/load-tokenizer.js";
export { createStreamDecoder, type StreamDecoder } from "./tokenizer/stream-decoder.js";
export {
  type DecodeOptions,
  type EncodeOptions,
  Tokenizer,
  type TokenizerParts,
} from "./tokenizer/tokenizer.js";
