/**
 * Why: the README's table of what each format costs two real models, in error and in perplexity.
 * How: build the workspace, then `node packages/quant/scripts/format-table.mjs`; it writes the table between its two marks
 * in the README and prints it. Takes a few minutes; no network.
 *
 * Text: the first 100 rows of the TinyStories sample, each cut at the model's longest input. Perplexity is that of all
 * their tokens in float32 arithmetic, so a row shows what the weights lost and nothing else.
 */
import {
  expectedTensors,
  flatBatch,
  loadModel,
  loadTokenizer,
  openCheckpoint,
  readModelConfig,
} from "@lathe/model";
import { dequantize, packedBytes, packedFormatNames, quantize, quantizedLinears } from "@lathe/quant";
import { startEngine } from "@lathe/tensor";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const MODELS = ["stories260k", "babyllama105"];
const ROWS_AT_ONCE = 10;
const START = "<!-- format table, written by scripts/format-table.mjs -->";
const END = "<!-- end of format table -->";

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const fixtures = (/** @type {string} */ path) => here(`../../model/fixtures/${path}`);

await startEngine("wasm");
const texts = (await readFile(fixtures("tinystories-sample/test-100.jsonl"), "utf8"))
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line).text);

const lines = [
  "| model | format | bytes of the layers' linears | largest error of a weight | root mean square error | perplexity | change |",
  "| --- | --- | --- | --- | --- | --- | --- |",
];
for (const name of MODELS) {
  const dense = await perplexity(name, null);
  for (const format of [null, ...packedFormatNames]) {
    const { bytes, largest, meanSquare } = await errors(name, format);
    const value = format === null ? dense : await perplexity(name, format);
    const change = ((value / dense - 1) * 100).toFixed(4);
    const cells = [
      name,
      format ?? "float32",
      bytes.toLocaleString("en"),
      format === null ? "0" : largest.toExponential(1),
      format === null ? "0" : meanSquare.toExponential(1),
      value.toFixed(5),
      format === null ? "" : `${Number(change) > 0 ? "+" : ""}${change} %`,
    ];
    lines.push(`| ${cells.join(" | ")} |`);
  }
}

const path = here("../README.md");
const readme = await readFile(path, "utf8");
const [start, end] = [readme.indexOf(START), readme.indexOf(END)];
if (start < 0 || end < start) throw new Error(`${path}: expected the marks ${START} and ${END}`);
const table = lines.join("\n");
await writeFile(path, `${readme.slice(0, start)}${START}\n\n${table}\n\n${readme.slice(end)}`);
console.log(table);

/** @param {string} name @param {import("@lathe/quant").PackedFormatName | null} format */
async function perplexity(name, format) {
  const folder = fixtures(name);
  const tokenizer = await loadTokenizer(folder);
  const model = await loadModel(folder, format === null ? {} : { readLinear: quantizedLinears(format) });
  const rows = texts.map((text) => {
    const ids = Int32Array.from(tokenizer.encode(text).slice(0, model.config.maxPositions));
    return { inputIds: ids, labels: ids };
  });
  let sum = 0;
  let count = 0;
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) {
    for (const loss of model.tokenLosses(flatBatch(rows.slice(start, start + ROWS_AT_ONCE)))) {
      sum += loss;
      count++;
    }
  }
  model.dispose();
  return Math.exp(sum / count);
}

/** Errors of the layers' linears, relative to the largest weight of a row and to the root mean square of all weights. */
async function errors(
  /** @type {string} */ name,
  /** @type {import("@lathe/quant").PackedFormatName | null} */ format,
) {
  const checkpoint = await openCheckpoint(fixtures(name));
  const config = await readModelConfig(fixtures(name));
  let [bytes, largest, squares, errorSquares] = [0, 0, 0, 0];
  for (const [tensor, shape] of expectedTensors(config)) {
    if (shape.length !== 2 || tensor === "model.embed_tokens.weight" || tensor === "lm_head.weight") continue;
    const [rows, columns] = shape;
    const weight = await checkpoint.readFloat32(tensor);
    bytes += format === null ? weight.byteLength : packedBytes({ format, shape: [rows, columns] });
    const unpacked = format === null ? weight : dequantize(quantize(weight, [rows, columns], format, tensor));
    for (let row = 0; row < rows; row++) {
      let [rowLargest, rowError] = [0, 0];
      for (let i = row * columns; i < (row + 1) * columns; i++) {
        const error = Math.abs(weight[i] - unpacked[i]);
        rowLargest = Math.max(rowLargest, Math.abs(weight[i]));
        rowError = Math.max(rowError, error);
        squares += weight[i] ** 2;
        errorSquares += error ** 2;
      }
      largest = Math.max(largest, rowError / rowLargest);
    }
  }
  await checkpoint.close();
  return { bytes, largest, meanSquare: Math.sqrt(errorSquares / squares) };
}
