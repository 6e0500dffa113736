/**
 * Why: the README's table of what each format costs two real models, in error and in perplexity.
 * How: build the workspace, then `node packages/quant/scripts/format-table.mjs`; it writes the table between its two marks
 * in the README and prints it. Takes a minute; no network.
 *
 * Text: the first 100 rows of the TinyStories sample, which the models were not trained on, each cut at the model's longest
 * input. Perplexity is that of all their tokens in float32 arithmetic, so a row shows what the weights lost and nothing
 * else.
 */
import {
  linearPlaces,
  flatBatch,
  loadModel,
  loadTokenizer,
  openWeights,
  readModelConfig,
} from "@lathe/model";
import { dequantize, linearReader, packedBytes, packedFormats, quantize } from "@lathe/quant";
import { startEngine } from "@lathe/tensor";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const MODELS = ["stories260k", "babyllama105"];
/** @type {readonly (import("@lathe/quant").PackedFormatName | null)[]} */
const FORMATS = [null, "bf16", "fp16", "int8", "nf4"];
const ROWS_AT_ONCE = 10;
const START = "<!-- format table, written by scripts/format-table.mjs -->";
const END = "<!-- end of format table -->";

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const fixtures = (/** @type {string} */ path) => here(`../../model/fixtures/${path}`);

await startEngine("auto", "fp32");
const texts = (await readFile(fixtures("tinystories-sample/test-100.jsonl"), "utf8"))
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line).text);

const lines = [
  "| model | format | bytes of the layers' linears | bits a weight | largest error | root mean square error | perplexity | change |",
  "| --- | --- | --- | --- | --- | --- | --- | --- |",
];
for (const name of MODELS) {
  const dense = await perplexity(name, null);
  for (const format of FORMATS) {
    const { bytes, weights, largest, meanSquare } = await errors(name, format);
    const value = format === null ? dense : await perplexity(name, format);
    const change = ((value / dense - 1) * 100).toFixed(3);
    const cells = [
      name,
      format ?? "fp32",
      bytes.toLocaleString("en"),
      ((bytes * 8) / weights).toFixed(2),
      format === null ? "0" : largest.toExponential(1),
      format === null ? "0" : meanSquare.toExponential(1),
      value.toFixed(4),
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
  const model = await loadModel(folder, { readLinear: await linearReader(folder, format ?? "none") });
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

/**
 * Errors of the layers' linears relative to the largest weight of their row: the largest, and the root mean square of all.
 * A linear that the format cannot hold counts as the stored one that it stays.
 */
async function errors(
  /** @type {string} */ name,
  /** @type {import("@lathe/quant").PackedFormatName | null} */ format,
) {
  const checkpoint = await openWeights(fixtures(name));
  const config = await readModelConfig(fixtures(name));
  let [bytes, weights, largest, squares] = [0, 0, 0, 0];
  for (const { block, weight: tensor, shape } of linearPlaces(config)) {
    if (block === "head") continue;
    const [rows, columns] = shape;
    const weight = await checkpoint.readFloat32(tensor);
    const packed = format !== null && packedFormats[format].isStorable(columns) ? format : null;
    weights += weight.length;
    bytes += packed === null ? weight.byteLength : packedBytes({ format: packed, shape: [rows, columns] });
    const unpacked = packed === null ? weight : dequantize(quantize(weight, [rows, columns], packed, tensor));
    for (let row = 0; row < rows; row++) {
      const [start, end] = [row * columns, (row + 1) * columns];
      const rowLargest = weight.subarray(start, end).reduce((most, w) => Math.max(most, Math.abs(w)), 0);
      for (let i = start; i < end; i++) {
        const error = Math.abs(weight[i] - unpacked[i]) / rowLargest;
        largest = Math.max(largest, error);
        squares += error ** 2;
      }
    }
  }
  await checkpoint.close();
  return { bytes, weights, largest, meanSquare: Math.sqrt(squares / weights) };
}
