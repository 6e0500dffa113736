import type { RoutedPass } from "../decoder/layer-pass.js";

/** How likely an expert is to be chosen that is read before the router has said so. */
const LIKELY = 0.95;

/** Tokens that the experts of a layer count as having had, evenly, before any was seen. */
const PRIOR_TOKENS = 16;

interface Seen {
  /** Times that each expert was chosen. */
  readonly counts: Float64Array;
  tokens: number;
}

/**
 * Which experts of a layer are almost certainly chosen by the tokens that come, so that they are read before the router is asked: for a
 * token the share of the tokens so far that went to an expert, and for all tokens together 1 − (1 − share)^tokens.
 */
export class ExpertForecast {
  readonly #seen = new Map<number, Seen>();

  /** Takes what was chosen. @param chosen [N, k] expert numbers */
  note(
    layer: number,
    chosen: Int32Array,
    mixture: Pick<RoutedPass, "expertCount" | "expertsPerToken">,
  ): void {
    const seen = this.#of(layer, mixture);
    for (const expert of chosen) seen.counts[expert]++;
    seen.tokens += chosen.length / mixture.expertsPerToken;
  }

  /** Experts that some of the tokens will choose, with a chance of 95 % each at least. */
  likely(
    layer: number,
    tokens: number,
    mixture: Pick<RoutedPass, "expertCount" | "expertsPerToken">,
  ): Set<number> {
    const { counts, tokens: before } = this.#of(layer, mixture);
    const prior = (PRIOR_TOKENS * mixture.expertsPerToken) / mixture.expertCount;
    const likely = new Set<number>();
    for (let expert = 0; expert < mixture.expertCount; expert++) {
      const share = Math.min(1, (counts[expert] + prior) / (before + PRIOR_TOKENS));
      if (1 - (1 - share) ** tokens >= LIKELY) likely.add(expert);
    }
    return likely;
  }

  #of(layer: number, { expertCount }: Pick<RoutedPass, "expertCount" | "expertsPerToken">): Seen {
    const seen = this.#seen.get(layer) ?? { counts: new Float64Array(expertCount), tokens: 0 };
    this.#seen.set(layer, seen);
    return seen;
  }
}
