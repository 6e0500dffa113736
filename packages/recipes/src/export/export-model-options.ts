import type { GgufType, OnnxType, TokenizerProof } from "@lathe/export";
import type { GateReport } from "@lathe/export/gate";
import type { WeightFormat } from "@lathe/quant";
import type { RecipeHooks } from "../recipe-event.js";
import type { RowsInput } from "../rows/rows-input.js";

/** Files of other programs that a model or an adapter is written in. */
export const exportFormats = ["peft", "merged", "gguf", "gguf-lora", "mlx", "ollama", "onnx", "web"] as const;

/** One of {@link exportFormats}. */
export type ExportFormat = (typeof exportFormats)[number];

/** What `exportModel` reads and writes. */
export interface ExportModelOptions extends RecipeHooks {
  /** Folder of the base model. */
  readonly model: string;
  /** Folder of the adapter; without one the model alone is exported, where the format holds models. */
  readonly adapter?: string | undefined;
  readonly to: ExportFormat;
  /** File or folder to make; must not exist. */
  readonly output: string;
  /** Type of the weights. @defaultValue "F16" in GGUF, "fp32" in ONNX, for the web fp32 where it fits and else q4 */
  readonly type?: GgufType | OnnxType | undefined;
  /** What a bundle for the web may take in all, such as `300MB`. @defaultValue 300MB */
  readonly maxSize?: string | undefined;
  /**
   * What the base was packed in while the adapter was trained over it: it is merged onto what the packed weights stand for.
   * @defaultValue "none", onto the weights of the folder, of a packed folder what its codes stand for
   */
  readonly quantize?: WeightFormat | undefined;
  /**
   * Whether the export is proven in the program that will read it, where there is one for the format.
   * @defaultValue true: with `gatePrompts`, and without them where that program is installed
   */
  readonly gate?: boolean | undefined;
  /** Held-out rows to prove it on; what comes before the last reply of each is a prompt. @defaultValue a few prompts of Lathe's */
  readonly gatePrompts?: RowsInput | undefined;
}

/** What `exportModel` did. */
export interface ExportedModel {
  readonly output: string;
  readonly to: ExportFormat;
  /** Type of the weights, where the format has a choice. */
  readonly type: GgufType | OnnxType | null;
  /** Tensors written. */
  readonly tensors: number;
  /** Bytes of the weights. */
  readonly bytes: number | null;
  /** How far the other program cuts texts as the model's tokenizer does, where it does so by rules of its own. */
  readonly tokenizer: TokenizerProof | null;
  /** What replaying prompts in the program that reads it has shown; null where nothing was replayed. */
  readonly gate: GateReport | null;
}
