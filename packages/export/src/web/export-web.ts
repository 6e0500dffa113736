import { copyFile, mkdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { phrase, replaceFile, replaceFolder } from "@lathe/files";
import { companionFiles, readModelConfig } from "@lathe/model";
import { ExportError } from "../errors.js";
import { exportOnnx, onnxWeightBytes } from "../onnx/export-onnx.js";
import type { OnnxType } from "../onnx/onnx-type.js";
import { checkOutput, type ExportSource } from "../source/open-source.js";
import { webRuntime } from "./web-runtime.js";

/** Defaults of {@link ExportWebOptions}. */
export const webDefaults = { maxBytes: 300e6 } as const;

/** What {@link exportWeb} reads and writes. */
export interface ExportWebOptions extends ExportSource {
  /** Folder to make; must not exist. */
  readonly output: string;
  /** Bytes of the whole folder at most. @defaultValue 300 MB */
  readonly maxBytes?: number | undefined;
  /** What weights are stored in. @defaultValue fp32 where it fits, else q4 */
  readonly type?: OnnxType | undefined;
  /**
   * How prompts end, as the model was trained: with an empty thought (`empty`), with none opened (`strip`), or else as the chat template
   * has it. @defaultValue as the template has it
   */
  readonly reasoning?: string | undefined;
  /** Texts of further files beside the model's by name. @defaultValue none */
  readonly files?: ReadonlyMap<string, string> | undefined;
  /** Folder that the program is installed in whose files go into the bundle. @defaultValue gateFolder() */
  readonly gate?: string | undefined;
}

/** What {@link exportWeb} did. */
export interface ExportedWeb {
  readonly output: string;
  /** What weights are stored in. */
  readonly type: OnnxType;
  /** Tensors written. */
  readonly tensors: number;
  /** Bytes that the whole folder takes at most. */
  readonly bytes: number;
}

/** Folder of the model in a bundle. */
const MODEL = "model";
/** Folder of what runs it. */
const RUNTIME = "runtime";

/** The page, as it is copied. */
const PAGE = fileURLToPath(new URL("../../web/", import.meta.url));
const PAGE_FILES = ["index.html", "page.css", "page.js", "worker.js"];

/** Bytes that page, graph and configs take at most; they are not counted one by one. */
const SMALL_FILES = 200_000;

/** Of the types that a bundle takes by itself, the most exact first. float16 needs a card in browsers. */
const CHOICE: readonly OnnxType[] = ["fp32", "q4"];

/**
 * Writes a model, with an adapter merged into it where one is named, as a folder that runs in a browser, with a page to try it on. Any
 * server of plain files serves it; nothing is fetched from elsewhere. It is the folder of `exportOnnx` with transformers.js and ONNX
 * Runtime beside it, which compute on WebGPU or in WebAssembly. Whether it fits is known before anything is written.
 *
 * @throws ExportError when it is larger than allowed, transformers.js is not installed, something is at the output, or ONNX has no place for
 * the model; what `exportOnnx` throws. No folder is left then
 */
export async function exportWeb(options: ExportWebOptions): Promise<ExportedWeb> {
  const { model, adapter, quantize, output, files, reasoning = "keep" } = options;
  const { maxBytes = webDefaults.maxBytes } = options;
  await checkOutput(output);
  const runtime = await webRuntime(options.gate);
  const weights = await onnxWeightBytes({ model, adapter, quantize });
  const beside = SMALL_FILES + runtime.bytes + (await lengthOf(model, await companionFiles(model)));
  const sizes = (options.type === undefined ? CHOICE : [options.type]).map((type) => {
    return { type, bytes: weights[type] + beside };
  });
  const fitting = sizes.find(({ bytes }) => bytes <= maxBytes);
  if (!fitting) throw tooLarge(model, maxBytes, sizes, runtime.bytes);
  const { type, bytes } = fitting;
  const { maxPositions } = await readModelConfig(model);
  const tensors = await replaceFolder(
    output,
    async (folder) => {
      const exported = await exportOnnx({ ...options, output: join(folder, MODEL), type, files });
      await mkdir(join(folder, RUNTIME));
      for (const [name, text] of runtime.texts) await replaceFile(join(folder, RUNTIME, name), text);
      for (const [name, path] of runtime.files) await copyFile(path, join(folder, RUNTIME, name));
      for (const name of PAGE_FILES) await copyFile(join(PAGE, name), join(folder, name));
      const bundle = { name: basename(resolve(model)), type, reasoning, contextTokens: maxPositions };
      await replaceFile(join(folder, "bundle.json"), `${JSON.stringify(bundle, null, 2)}\n`);
      return exported.tensors;
    },
    { check: () => checkOutput(output) },
  );
  return { output, type, tensors, bytes };
}

/** Bytes of files of a folder. */
async function lengthOf(folder: string, names: readonly string[]): Promise<number> {
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function tooLarge(
  path: string,
  maxBytes: number,
  sizes: readonly { readonly type: OnnxType; readonly bytes: number }[],
  runtime: number,
): ExportError {
  const { type, bytes } = sizes[sizes.length - 1];
  return new ExportError({
    path,
    expected: phrase`a bundle of at most ${megabytes(maxBytes)}`,
    actual: phrase`${megabytes(bytes)} in ${type}, ${megabytes(runtime)} of them the runtime`,
    remedy: phrase`allow ${megabytes(Math.ceil(bytes / 1e5) * 1e5)}, or export a smaller model`,
  });
}
