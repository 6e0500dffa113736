import type { LinearPart, FixedPart, VectorPart } from "../architecture.js";
import type { MixtureConfig } from "./mixture-config.js";

const blocks = { gate: "gate_proj", up: "up_proj", down: "down_proj" } as const;

/** Names and paths of a mixture's tensors within a layer. */
export const mixtureNames = {
  router: "mlp.gate.weight",
  correction: "mlp.gate.e_score_correction_bias",
  shared: (part: keyof typeof blocks): string => `mlp.shared_experts.${blocks[part]}`,
  expert: (number: number, part: keyof typeof blocks): string => `mlp.experts.${number}.${blocks[part]}`,
} as const;

/** The tensors of a mixture in a layer. */
export function mixtureParts(
  { expertCount, expertsPerToken, expertSize, sharedSize, groups }: MixtureConfig,
  hiddenSize: number,
): (LinearPart | VectorPart | FixedPart)[] {
  const linear = (path: string, part: keyof typeof blocks, width: number, expert?: number): LinearPart => ({
    kind: "linear",
    path,
    roles: expert === undefined ? [part] : [part, "experts"],
    block: "mlp",
    shape: part === "down" ? [hiddenSize, width] : [width, hiddenSize],
    hasBias: false,
    division: { axis: part === "down" ? "inputs" : "outputs", pieces: width },
    ...(expert === undefined ? {} : { expert, tokenShare: expertsPerToken / expertCount }),
  });
  const parts = Object.keys(blocks) as (keyof typeof blocks)[];
  const ofExpert = (number: number): LinearPart[] =>
    parts.map((part) => linear(mixtureNames.expert(number, part), part, expertSize, number));
  const shared = parts.map((part) => linear(mixtureNames.shared(part), part, sharedSize));
  return [
    { kind: "fixed", name: mixtureNames.router, shape: [expertCount, hiddenSize] },
    ...(groups ? [{ kind: "fixed" as const, name: mixtureNames.correction, shape: [expertCount] }] : []),
    ...(sharedSize > 0 ? shared : []),
    ...Array.from({ length: expertCount }, (_, number) => ofExpert(number)).flat(),
  ];
}
