import { architectureOf, type DecoderConfig, headPlace } from "@lathe/model";
import type { OpenedSource } from "../source/open-source.js";
import { packedWeights, plainWeight, turnedWeight, type WeightSource } from "./graph-weights.js";
import { MICROSOFT, OnnxGraph } from "./onnx-graph.js";
import { elementTypes } from "./onnx-proto.js";
import type { OnnxTypeTraits } from "./onnx-type.js";
import { PACKED_BLOCK } from "./pack-four-bits.js";

/** What layers of a graph are written with. */
interface GraphContext {
  readonly graph: OnnxGraph;
  readonly config: DecoderConfig;
  readonly traits: OnnxTypeTraits;
  readonly source: OpenedSource;
}

/** Axes that vary, by the names that optimum and transformers.js have for them. */
const BATCH = "batch_size";
const TOTAL = "total_sequence_length";

/**
 * A decoder with a cache of keys and values as a graph, under the names that transformers.js and onnxruntime-genai look for. Attention
 * is `GroupQueryAttention` of ONNX Runtime, which turns queries and keys itself by tables of cosines and sines.
 *
 * Inputs: `input_ids` [B, N], `attention_mask` [B, P + N], of each layer `past_key_values.L.key` and `.value` [B, G, P, d].
 * Outputs: `logits` [B, N, V], `present.L.key` and `.value` [B, G, P + N, d].
 *
 * @param source gives the tensors, by their names in safetensors, when the graph is written
 */
export function decoderGraph(config: DecoderConfig, traits: OnnxTypeTraits, source: OpenedSource): OnnxGraph {
  const graph = new OnnxGraph();
  const context = { graph, config, traits, source };
  const { ends, layerPrefix } = architectureOf(config);
  graph.inputs.push(
    { name: "input_ids", type: "int64", axes: [BATCH, "sequence_length"] },
    { name: "attention_mask", type: "int64", axes: [BATCH, TOTAL] },
  );
  graph.outputs.push({
    name: "logits",
    type: traits.float,
    axes: [BATCH, "sequence_length", config.vocabularySize],
  });
  lengths(graph);
  rotaryTables(context);
  const embedding = graph.tensor(plainWeight(ends.embedding, traits.float, tensorOf(source, ends.embedding)));
  let stream = graph.node("Gather", [embedding, "input_ids"], ["embedded"], { axis: 0 });
  for (let layer = 0; layer < config.layerCount; layer++) {
    stream = layerNodes(context, layer, layerPrefix(layer), stream);
  }
  headNodes(context, norm(context, stream, ends.finalNorm, "final", config.hiddenSize), embedding);
  return graph;
}

function tensorOf(source: OpenedSource, name: string): WeightSource {
  const tensor = source.tensors.get(name)!;
  return { shape: tensor.shape, read: (rows) => tensor.read(rows) };
}

/** How many tokens attention reads, from the mask. */
function lengths(graph: OnnxGraph): void {
  graph.integers("one", [1]);
  graph.integers("second", 1);
  graph.integers("last", [-1]);
  graph.node("ReduceSum", ["attention_mask", "last"], ["tokens"], { keepdims: 0 });
  graph.node("Sub", ["tokens", "one"], ["tokens_before_last"]);
  graph.node("Cast", ["tokens_before_last"], ["seqlens_k"], { to: elementTypes.int32.id });
  graph.node("Shape", ["attention_mask"], ["mask_shape"]);
  graph.node("Gather", ["mask_shape", "second"], ["mask_length"], { axis: 0 });
  graph.node("Cast", ["mask_length"], ["total_sequence_length"], { to: elementTypes.int32.id });
}

/** Cosines and sines of all positions [P, d / 2], a factor of the scaling within. */
function rotaryTables({ graph, config, traits }: GraphContext): void {
  const { inverseFrequencies, attentionFactor } = architectureOf(config).rotary(config);
  const half = inverseFrequencies.length;
  const table = (of: (angle: number) => number): WeightSource => ({
    shape: [config.maxPositions, half],
    read: ({ start, end }) =>
      Promise.resolve(
        Float32Array.from(
          { length: (end - start) * half },
          (_, i) => of((start + Math.floor(i / half)) * inverseFrequencies[i % half]) * attentionFactor,
        ),
      ),
  });
  graph.tensor(plainWeight("cos_cache", traits.float, table(Math.cos)));
  graph.tensor(plainWeight("sin_cache", traits.float, table(Math.sin)));
}

/** An RMS norm over the last axis, in float32 within. */
function norm(
  { graph, config, traits, source }: GraphContext,
  input: string,
  weight: string,
  output: string,
  size: number,
): string {
  const stored = tensorOf(source, weight);
  const held = graph.tensor(plainWeight(weight, traits.float, { shape: [size], read: stored.read }));
  return graph.node("SimplifiedLayerNormalization", [input, held], [output], {
    axis: -1,
    epsilon: { float: config.rmsNormEpsilon },
    stash_type: elementTypes.float32.id,
  });
}

/** A product with a matrix [out, in], and its bias where there is one. */
function linear(context: GraphContext, input: string, path: string, output: string): string {
  const { graph, traits, source } = context;
  const stored = tensorOf(source, `${path}.weight`);
  const hasBias = source.tensors.has(`${path}.bias`);
  const product = hasBias ? `${output}.product` : output;
  if (traits.packs) packedProduct(graph, input, path, stored, product);
  else {
    const turned = graph.tensor(turnedWeight(`${path}.weight`, traits.float, stored));
    graph.node("MatMul", [input, turned], [product]);
  }
  if (!hasBias) return product;
  const bias = plainWeight(`${path}.bias`, traits.float, tensorOf(source, `${path}.bias`));
  return graph.node("Add", [product, graph.tensor(bias)], [output]);
}

function packedProduct(
  graph: OnnxGraph,
  input: string,
  path: string,
  stored: WeightSource,
  output: string,
): void {
  const [rows, columns] = stored.shape;
  const { codes, scales } = packedWeights(`${path}.weight`, stored);
  const inputs = [input, graph.tensor(codes), graph.tensor(scales)];
  const attributes = { K: columns, N: rows, bits: 4, block_size: PACKED_BLOCK };
  graph.node("MatMulNBits", inputs, [output], attributes, MICROSOFT);
}

/** One layer of the residual stream. @returns the stream behind it */
function layerNodes(context: GraphContext, layer: number, prefix: string, stream: string): string {
  const { graph, config } = context;
  const at = (name: string): string => `layers.${layer}.${name}`;
  const normed = norm(
    context,
    stream,
    `${prefix}input_layernorm.weight`,
    at("attention_in"),
    config.hiddenSize,
  );
  const attended = attention(context, layer, prefix, normed);
  const projected = linear(context, attended, `${prefix}self_attn.o_proj`, at("attention_out"));
  const between = graph.node("Add", [stream, projected], [at("after_attention")]);
  const fed = norm(
    context,
    between,
    `${prefix}post_attention_layernorm.weight`,
    at("mlp_in"),
    config.hiddenSize,
  );
  const gate = linear(context, fed, `${prefix}mlp.gate_proj`, at("gate"));
  const up = linear(context, fed, `${prefix}mlp.up_proj`, at("up"));
  const opened = graph.node("Sigmoid", [gate], [at("gate_sigmoid")]);
  const silu = graph.node("Mul", [gate, opened], [at("gate_silu")]);
  const gated = graph.node("Mul", [silu, up], [at("gated")]);
  const down = linear(context, gated, `${prefix}mlp.down_proj`, at("mlp_out"));
  return graph.node("Add", [between, down], [at("out")]);
}

function attention(context: GraphContext, layer: number, prefix: string, input: string): string {
  const { graph, config, traits } = context;
  const { headCount, keyValueHeadCount, headSize } = config;
  const at = (name: string): string => `layers.${layer}.${name}`;
  const projection = (name: string): string =>
    linear(context, input, `${prefix}self_attn.${name}_proj`, at(name));
  const query = normedHeads(context, projection("q"), `${prefix}self_attn.q_norm.weight`, headCount);
  const key = normedHeads(context, projection("k"), `${prefix}self_attn.k_norm.weight`, keyValueHeadCount);
  const value = projection("v");
  const kept = ["key", "value"].map((kind) => {
    const [past, present] = [`past_key_values.${layer}.${kind}`, `present.${layer}.${kind}`];
    const axes = (length: string) => [BATCH, keyValueHeadCount, length, headSize];
    graph.inputs.push({ name: past, type: traits.float, axes: axes("past_sequence_length") });
    graph.outputs.push({ name: present, type: traits.float, axes: axes(TOTAL) });
    return { past, present };
  });
  return graph.node(
    "GroupQueryAttention",
    [
      query,
      key,
      value,
      ...kept.map(({ past }) => past),
      "seqlens_k",
      "total_sequence_length",
      "cos_cache",
      "sin_cache",
    ],
    [at("attended"), ...kept.map(({ present }) => present)],
    {
      num_heads: headCount,
      kv_num_heads: keyValueHeadCount,
      do_rotary: 1,
      rotary_interleaved: 0,
      scale: { float: 1 / Math.sqrt(headSize) },
    },
    MICROSOFT,
  );
}

/** The norm of each head, where the architecture has one. @param rows [B, N, heads · d] */
function normedHeads(context: GraphContext, rows: string, weight: string, heads: number): string {
  const { graph, config } = context;
  if (!config.queryKeyNorm) return rows;
  const { headSize } = config;
  // A zero keeps an axis as it is.
  const apart = graph.integers(`${rows}.heads`, [0, -1, headSize]);
  const together = graph.integers(`${rows}.rows`, [0, -1, heads * headSize]);
  const split = graph.node("Reshape", [rows, apart], [`${rows}.split`]);
  const normed = norm(context, split, weight, `${rows}.normed`, headSize);
  return graph.node("Reshape", [normed, together], [`${rows}.joined`]);
}

/** Logits. A head that is the embedding is not stored again, but where it is packed. */
function headNodes(context: GraphContext, input: string, embedding: string): void {
  const { graph, config, traits, source } = context;
  const { path } = headPlace(config);
  if (!source.isTied) {
    linear(context, input, path, "logits");
  } else if (traits.packs) {
    packedProduct(graph, input, path, tensorOf(source, architectureOf(config).ends.embedding), "logits");
  } else {
    graph.node("MatMul", [input, graph.node("Transpose", [embedding], ["head"])], ["logits"]);
  }
}
