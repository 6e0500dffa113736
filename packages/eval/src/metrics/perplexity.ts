import { MetricOptionError } from "../errors.js";

/**
 * exp(loss per token). The loss of a corpus is summed over its tokens before it is divided: the mean of the
 * perplexities or losses of its texts would give short texts too much weight.
 *
 * @param negativeLogLikelihood sum over the tokens of −ln p(token), in nats
 * @param tokens how many tokens the sum is over; only those that were predicted
 * @returns at least 1; Infinity where a double cannot hold it
 * @throws MetricOptionError when there is no token or the sum is not a number of at least 0
 */
export function perplexity(negativeLogLikelihood: number, tokens: number): number {
  if (!Number.isSafeInteger(tokens) || tokens < 1) {
    throw new MetricOptionError("tokens", "a whole number of at least 1", tokens);
  }
  if (!(negativeLogLikelihood >= 0)) {
    throw new MetricOptionError("negativeLogLikelihood", "a number of at least 0", negativeLogLikelihood);
  }
  return Math.exp(negativeLogLikelihood / tokens);
}
