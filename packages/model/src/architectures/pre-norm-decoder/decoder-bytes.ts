import { gatedBytes } from "@lathe/kernels";
import type { LayerBytes, LayerPlan } from "../architecture.js";
import type { DecoderConfig } from "./decoder-config.js";
import { decoderPaths } from "./decoder-parts.js";

const FLOAT_BYTES = 4;
const HALF_BYTES = 2;

type Role = keyof typeof decoderPaths;

/** Whether activations are kept in fewer bits than float32. */
const keepsHalves = ({ precision }: LayerPlan): boolean => precision === "bf16" || precision === "int8";

/** Names of linears are the ends of their paths. */
const adapts = ({ adapted }: LayerPlan, ...roles: Role[]): boolean =>
  roles.some((role) => adapted.has(decoderPaths[role].slice(decoderPaths[role].indexOf(".") + 1)));

/** Whether gate and up are kept in 8 bits, which products of a whole MLP do; see `gatedMlp`. */
const keepsGatesInBytes = (plan: LayerPlan): boolean => keepsHalves(plan) && !adapts(plan, "down");

/** Elements a token that one layer keeps for its backward pass, but for gate and up and what attention gave. */
function keptElements(config: DecoderConfig, plan: LayerPlan): number {
  const { hiddenSize, intermediateSize, headCount, keyValueHeadCount, headSize, queryKeyNorm } = config;
  const [queries, keys] = [headCount * headSize, keyValueHeadCount * headSize];
  return (
    2 * hiddenSize + // inputs of the norms
    (queryKeyNorm ? queries + keys : 0) +
    queries +
    2 * keys + // what attention reads
    (adapts(plan, "output") && keepsHalves(plan) ? queries : 0) +
    // What norms gave is computed again where their inputs are kept in halves.
    (adapts(plan, "query", "key", "value") && !keepsHalves(plan) ? hiddenSize : 0) +
    (adapts(plan, "gate", "up") && !keepsHalves(plan) ? hiddenSize : 0) +
    (adapts(plan, "down") ? intermediateSize : 0)
  );
}

/** Bytes a token that a pre-norm decoder's layer keeps and works with. */
export function decoderBytes(config: DecoderConfig, plan: LayerPlan): LayerBytes {
  const { hiddenSize, intermediateSize, headCount, headSize } = config;
  const roles = Object.keys(decoderPaths) as Role[];
  const adapted = roles.filter((role) => adapts(plan, role)).length;
  // The inner products of updates and the logarithms of sums in attention stay float32.
  const small = (adapted * plan.rank + headCount) * FLOAT_BYTES;
  const keptBytes = keepsHalves(plan) ? HALF_BYTES : FLOAT_BYTES;
  // What attention gave enters its backward pass as a sum a head only: a byte a number, and scales.
  const attended = headCount * (keepsHalves(plan) ? headSize + FLOAT_BYTES : headSize * FLOAT_BYTES);
  const gates = keepsGatesInBytes(plan) ? gatedBytes(1, intermediateSize) : 2 * intermediateSize * keptBytes;
  // While a layer is computed back: its gradients, and what it kept, in float32. Gradients as wide as gate and up in halves,
  // one of them in float32 too for an update of theirs.
  const wide = keepsGatesInBytes(plan) ? (adapts(plan, "gate", "up") ? 2 : 1) : 5;
  return {
    kept: keptElements(config, plan) * keptBytes + gates + attended + small,
    atWork: FLOAT_BYTES * (wide * intermediateSize + 6 * hiddenSize),
  };
}
