import { cohenKappa, type KappaWeights, kappaWeights } from "./cohen-kappa.js";
import { fleissKappa } from "./fleiss-kappa.js";
import { krippendorffAlpha, type RatingLevel } from "./krippendorff-alpha.js";
import type { RatingTable } from "./ratings.js";

/** Cohen's kappas of two annotators. */
export interface AnnotatorPair {
  readonly annotators: readonly [string, string];
  /** Units that both rated. */
  readonly units: number;
  /** Kappa with each weighting; of labels that are no numbers only the unweighted one. */
  readonly kappa: { readonly [weights in KappaWeights]?: number | null };
}

/** How far annotators agree; null where a coefficient is not defined. */
export interface Agreement {
  /** Krippendorff's alpha at the level asked for. */
  readonly alpha: number | null;
  /** Fleiss' kappa of the units that all annotators rated. */
  readonly fleissKappa: number | null;
  /**
   * Cohen's kappa, averaged over the pairs of annotators (Light, 1971): unweighted for nominal ratings, with quadratic
   * weights for others.
   */
  readonly cohenKappa: number | null;
  readonly pairs: readonly AnnotatorPair[];
}

/** The usual coefficients of agreement of a table of ratings; numbers unless the level is nominal. */
export function agreementOf({ annotators, ratings }: RatingTable, level: RatingLevel): Agreement {
  const pairs = annotators.flatMap((first, a) =>
    annotators.slice(a + 1).map((second, offset): AnnotatorPair => {
      const rated = ratings
        .map((unit) => [unit[a], unit[a + 1 + offset]] as const)
        .filter((pair) => pair.every((rating) => rating !== null));
      const weightings = level === "nominal" ? (["unweighted"] as const) : kappaWeights;
      const kappa = weightings.map((weights) => [weights, cohenKappa(rated, { weights })] as const);
      return { annotators: [first, second], units: rated.length, kappa: Object.fromEntries(kappa) };
    }),
  );
  const chosen = pairs
    .map(({ kappa }) => kappa[level === "nominal" ? "unweighted" : "quadratic"] ?? null)
    .filter((kappa) => kappa !== null);
  return {
    alpha: krippendorffAlpha(ratings, level),
    fleissKappa: fleissKappa(ratings),
    cohenKappa:
      chosen.length === 0 ? null : chosen.reduce((total, kappa) => total + kappa, 0) / chosen.length,
    pairs,
  };
}
