export { blockScaledBytes } from "./block-scaled-bytes.js";
export { describesBlockScales } from "./describes-block-scales.js";
export { dequantize } from "./dequantize.js";
export { QuantizationError } from "./errors.js";
export { linearReader, type WeightFormat } from "./linear-reader.js";
export type { MatrixFormatName, PackedFormatName } from "./format-names.js";
export type { Codes, MatrixFormat, Scaling } from "./matrix-format.js";
export { matrixFormats } from "./matrix-formats.js";
export type { PackedFormat } from "./packed-format.js";
export { isPackedFormatName, packedFormatNames, packedFormats } from "./packed-formats.js";
export { packedLinearFormat, packedLinears, readPackedLinear } from "./packed-linears.js";
export { packedBytes, type PackedMatrix } from "./packed-matrix.js";
export { type FolderFormat, folderFormat, isPackedFolder } from "./quantization-config.js";
export { PruneError } from "./prune/prune-error.js";
export { type ComparedWeights, pruneMask } from "./prune/prune-mask.js";
export {
  type ChooseZeros,
  magnitudeZeros,
  type PrunedWeights,
  pruneWeights,
  type PruneWeightsOptions,
} from "./prune/prune-weights.js";
export { magnitudeScores, wandaScores } from "./prune/scores.js";
export { type Sparsity, type SparsityRule, sparsityRule } from "./prune/sparsity.js";
export { wandaMasks, type WandaOptions } from "./prune/wanda-masks.js";

export { quantize } from "./quantize.js";
export {
  quantizeWeights,
  type QuantizeWeightsOptions,
  type QuantizedWeights,
  SHARD_BYTES,
} from "./quantize-weights.js";
export {
  quantizedLinear,
  QuantizedLinear,
  type QuantizedLinearAttributes,
  quantizedLinearOperation,
  WIDENED_WEIGHTS,
} from "./quantized-linear.js";
export { quantizedLinears } from "./quantized-linears.js";
export { widenedWeights } from "./widened-weights.js";
export { withStoredHead } from "./with-stored-head.js";
