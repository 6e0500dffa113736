import { type Phrase, phrase } from "@lathe/files";
import type { RecipePhase } from "./recipe-event.js";

/** What a recipe is at, as a bar says it. */
export const phaseNames: Readonly<Record<RecipePhase | "training", Phrase>> = {
  training: phrase`training`,
  downloading: phrase`downloading`,
  reading: phrase`reading`,
  writing: phrase`writing`,
  loading: phrase`loading`,
  evaluating: phrase`evaluating`,
  scoring: phrase`scoring`,
  generating: phrase`generating`,
  judging: phrase`judging`,
  merging: phrase`merging`,
  exporting: phrase`exporting`,
  importing: phrase`importing`,
  quantising: phrase`quantising`,
  calibrating: phrase`calibrating`,
  comparing: phrase`taking the reference`,
  pruning: phrase`pruning`,
  answering: phrase`sample replies`,
  hashing: phrase`hashing files`,
  verifying: phrase`training without a stop`,
};
