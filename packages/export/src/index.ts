export { ExportError, type ExportFault } from "./errors.js";
export { checkOutput, type ExportSource } from "./source/open-source.js";
export { type BlockFormatName, blockFormatNames, blockFormats } from "./gguf/blocks/blocks.js";
export type { BlockFormat } from "./gguf/blocks/block-format.js";
export { type ExportedGguf, exportGguf, type ExportGgufOptions } from "./gguf/export-gguf.js";
export { type GgufType, ggufTypes } from "./gguf/gguf-type.js";
export { type GgufMetadata, ggufScalars, type GgufScalarType, type GgufValue } from "./gguf/gguf-value.js";
export { type GgufFile, type GgufTensor, openGguf } from "./gguf/open-gguf.js";
export type { TokenizerProof } from "./gguf/tokenizer/gguf-tokenizer.js";
export { type GgufTensorToWrite, writeGguf } from "./gguf/write-gguf.js";
export {
  type ExportedGgufLora,
  exportGgufLora,
  type ExportGgufLoraOptions,
} from "./gguf/export-gguf-lora.js";
export { type ExportedMlx, exportMlx, type ExportMlxOptions } from "./mlx/export-mlx.js";
export { type ImportedMlx, importMlx, type ImportMlxOptions } from "./mlx/import-mlx.js";
export { type ExportedPeft, exportPeft, type ExportPeftOptions } from "./peft/export-peft.js";
export { type ImportedGguf, importGguf, type ImportGgufOptions } from "./gguf/import-gguf.js";
export { type ExportedOnnx, exportOnnx, type ExportOnnxOptions } from "./onnx/export-onnx.js";
export { type OnnxType, onnxTypes } from "./onnx/onnx-type.js";
export { type ExportedWeb, exportWeb, type ExportWebOptions, webDefaults } from "./web/export-web.js";
export { exportOllama } from "./ollama/export-ollama.js";
