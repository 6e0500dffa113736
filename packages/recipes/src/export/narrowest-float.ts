import { openWeights } from "@lathe/model";

const floats = ["BF16", "F16", "F32"] as const;

/** The type with the fewest digits among the weights of a model folder; F32 where there is none of fewer. */
export async function narrowestFloat(folder: string): Promise<(typeof floats)[number]> {
  const weights = await openWeights(folder);
  try {
    const found = new Set<string>([...weights.names()].map((name) => weights.info(name).dtype));
    return floats.find((type) => found.has(type)) ?? "F32";
  } finally {
    await weights.close();
  }
}
