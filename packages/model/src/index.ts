export type {
  Architecture,
  Attend,
  FixedPart,
  LayerBytes,
  LayerContext,
  RoutedForward,
  LayerPart,
  LayerPlan,
  LayerWeights,
  LinearBlock,
  LinearDivision,
  LinearPart,
  LinearRole,
  ModelEnds,
  VectorPart,
} from "./architectures/architecture.js";
export { architectureOf } from "./architectures/architecture-of.js";
export { architectures } from "./architectures/architectures.js";
export { dividedConfig, divisionFault } from "./architectures/divided-model.js";
export { expectedTensors } from "./architectures/expected-tensors.js";
export { trainableTensors } from "./architectures/trainable-tensors.js";
export {
  headPlace,
  type LayerLinearPlace,
  layerLinears,
  type LinearPlace,
  linearPlaces,
  type StoredLinear,
} from "./architectures/linear-places.js";
export { type SharedBy, shareOf } from "./architectures/linear-share.js";
export type { MatrixShare } from "./weights/matrix-share.js";
export {
  LATENT_NORM_EPSILON,
  type LatentAttentionConfig,
} from "./architectures/latent-attention/latent-attention-config.js";
export type { LatentMixtureConfig } from "./architectures/latent-mixture/latent-mixture-config.js";
export type { ExpertGroups, MixtureConfig } from "./architectures/mixture/mixture-config.js";
export type { DecoderConfig } from "./architectures/pre-norm-decoder/decoder-config.js";
export { elementCount } from "./element-count.js";
export { companionFiles } from "./weights/companion-files.js";
export type { StoredWeights, OpenWeightsOptions } from "./weights/stored-weights.js";
export { openWeights } from "./weights/open-weights.js";
export {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "./weights/half-precision.js";
export { nonFiniteTensors, type PlacedTensor } from "./weights/non-finite-tensors.js";
export { mappedFileFault } from "./weights/mapped-file-fault.js";
export { openSafetensors, type SafetensorsFile } from "./weights/safetensors-file.js";
export {
  type Dtype,
  dtypeSizes,
  type HeldBlockScaled,
  type HeldTensor,
  type RawTensor,
  type RowRange,
  type TensorInfo,
} from "./weights/tensor-info.js";
export { writeRandomModel } from "./weights/write-random-model.js";
export { inWrittenOrder, type TensorToWrite, writeSafetensors } from "./weights/write-safetensors.js";
export { packedSuffixes } from "./config/packed-suffixes.js";
export { checkTensors, floatTypes, type TensorCheck } from "./config/check-tensors.js";
export { configsWithEndTokens } from "./config/configs-with-end-tokens.js";
export type { ConfigKeys, ConfigObject } from "./config/config-keys.js";
export type { ModelConfig, RopeConfig, RopeScaling } from "./config/model-config.js";
export { parseModelConfig, readModelConfig } from "./config/read-model-config.js";
export { type RopeFrequencies, ropeInverseFrequencies, type RotaryHeads } from "./config/rope-frequencies.js";
export {
  activationBytes,
  type ActivationPlan,
  type CheckpointingPlan,
  type GradientBytes,
  layerwiseBytes,
  planCheckpointing,
  segmentLengths,
} from "./decoder/activation-bytes.js";
export { DenseLinear } from "./decoder/dense-linear.js";
export { EmbeddingTable, type TokenEmbedding } from "./decoder/embedding-table.js";
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
  type BranchedBatch,
  branchedBatch,
  type BranchedOptions,
  type BranchedRow,
  type BranchKeys,
} from "./decoder/branched-batch.js";
export type { Checkpointing } from "./decoder/checkpointing.js";
export {
  type AttendLayer,
  type HiddenStatesOptions,
  LanguageModel,
  type LanguageModelParts,
  type NamedLinear,
  type NamedVector,
  type OnRouting,
  type OnStream,
  type PassOptions,
  type RunLayers,
} from "./decoder/language-model.js";
export type { LayerPass, RoutedPass } from "./decoder/layer-pass.js";
export { heldLayers, type LayerProvider } from "./decoder/layer-provider.js";
export { ExpertForecast } from "./walk/expert-forecast.js";
export { LayersAhead } from "./walk/layers-ahead.js";
export {
  type ExpertLayer,
  type ExpertVisits,
  likelyExperts,
  throughExperts,
} from "./walk/through-experts.js";
export { type LayerWalk, walkLayers } from "./walk/walk-layers.js";
export type { WalkedModel } from "./walk/walked-model.js";
export { StreamedLayers, type StreamedLayersOptions } from "./decoder/streamed-layers.js";
export { SharedLinear } from "./decoder/shared-linear.js";
export type { TensorGroup } from "./decoder/tensor-group.js";
export { TrainableEmbedding } from "./decoder/trainable-embedding.js";
export { TrainableLinear } from "./decoder/trainable-linear.js";
export { type TrainableWeight, trainableWeights } from "./decoder/trainable-weights.js";
export type { DenseWeight, Linear } from "./decoder/linear.js";
export {
  WeightsError,
  type WeightsFault,
  ModelConfigError,
  type ModelConfigFault,
  TokenizerError,
  type TokenizerFault,
} from "./errors.js";
export {
  DEFAULT_MAX_NEW_TOKENS,
  generate,
  type GeneratedToken,
  type GenerationOptions,
  type Prompts,
  type ShouldStop,
} from "./generation/generate.js";
export { generateText, type TextGenerationOptions, type TextPiece } from "./generation/generate-text.js";
export {
  type BatchedSequence,
  type FinishReason,
  type HeldPrefix,
  type RowGroup,
  SequenceBatch,
  type SequenceBatchOptions,
  type SequenceOptions,
  type SequenceOutcome,
} from "./generation/sequence-batch.js";
export { NonFiniteLogitsError } from "./generation/non-finite-logits-error.js";
export { SamplingError } from "./generation/sampling-error.js";
export {
  checkSampling,
  type Draw,
  type SampledRow,
  sampleTokens,
  samplingDefaults,
  type SamplingOptions,
} from "./generation/sampling.js";
export {
  type GenerationDefaults,
  readGenerationDefaults,
  type SuggestedSampling,
} from "./generation/read-generation-defaults.js";
export { weightBytesPerToken } from "./generation/weight-bytes-per-token.js";
export { createStopCutter, cutAtStop, type StopCutter } from "./generation/stop-texts.js";
export {
  rewriteWeights,
  type RewriteWeightsOptions,
  type RewrittenDtype,
  rewrittenDtypes,
  type RewrittenTensor,
} from "./rewrite-weights.js";
export { loadModel, type LoadModelOptions, readDenseLinear, type ReadLinear } from "./load-model.js";
export type { ChatMessage, RenderChatOptions } from "./tokenizer/chat-template.js";
export { checkTokenizerFits } from "./tokenizer/check-tokenizer-fits.js";
export { loadTokenizer, type LoadTokenizerOptions } from "./tokenizer/load-tokenizer.js";
export { createStreamDecoder, type StreamDecoder } from "./tokenizer/stream-decoder.js";
export {
  type DecodeOptions,
  type EncodeOptions,
  Tokenizer,
  type TokenizerParts,
  type ChatTemplateSource,
} from "./tokenizer/tokenizer.js";
