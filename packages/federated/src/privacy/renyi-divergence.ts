import { phrase } from "@lathe/files";
import { FederationSettingsError } from "../settings-error.js";
import { logExpMinusOne, logOnePlusExp, logSumExp } from "./log-sums.js";

/** Deviations beyond the two Gaussians that are still integrated over: what lies farther out is below exp(−128). */
const REACH = 16;

/** Steps that the trapezoidal rule takes in a deviation σ, and in σ², by which its error falls below that of a double. */
const STEPS_A_DEVIATION = 2;
const STEPS_A_VARIANCE = 4;

/**
 * Rényi divergence, in nats, of one release of the subsampled Gaussian mechanism (Mironov, Talwar & Zhang, arXiv:1908.10530): of a sum
 * to which each participant belongs with probability q and adds at most a vector of length C, with Gaussian noise of standard
 * deviation σ C on every coordinate,
 *
 *   D = log A / (α − 1),  A = E_{z ~ N(0, σ²)} [((1 − q) + q exp((2z − 1) / 2σ²))^α]
 *
 * under adding or removing one participant. Whole orders are summed by the binomial theorem, other orders are integrated by the
 * trapezoidal rule, whose error falls exponentially for such functions. Both sum A − 1, whose terms are all positive, so that small
 * divergences keep their digits.
 *
 * @param order α, above 1
 * @param noiseMultiplier σ, above 0
 * @param samplingRate q, above 0, up to 1
 * @throws FederationSettingsError where one is out of range
 */
export function renyiDivergence(order: number, noiseMultiplier: number, samplingRate: number): number {
  if (!(order > 1 && Number.isFinite(order)))
    throw new FederationSettingsError("order", "a number above 1", order);
  checkMechanism(noiseMultiplier, samplingRate);
  if (samplingRate === 1) return order / (2 * noiseMultiplier ** 2);
  const logExcess = Number.isInteger(order)
    ? binomialExcess(order, noiseMultiplier, samplingRate)
    : integratedExcess(order, noiseMultiplier, samplingRate);
  return logOnePlusExp(logExcess) / (order - 1);
}

/** @throws FederationSettingsError where noise or sampling is none of the mechanism */
export function checkMechanism(noiseMultiplier: number, samplingRate: number): void {
  if (!(noiseMultiplier > 0 && Number.isFinite(noiseMultiplier))) {
    throw new FederationSettingsError("noiseMultiplier", "a number above 0", noiseMultiplier);
  }
  if (!(samplingRate > 0 && samplingRate <= 1)) {
    throw new FederationSettingsError("samplingRate", phrase`a share above 0, up to ${1}`, samplingRate);
  }
}

/** log(A − 1) = log Σ_{k ≥ 2} C(α, k) (1 − q)^(α − k) q^k (exp((k² − k) / 2σ²) − 1): the first two terms of the theorem are 0. */
function binomialExcess(order: number, sigma: number, q: number): number {
  const terms: number[] = [];
  let logChoose = 0;
  for (let k = 1; k <= order; k++) {
    logChoose += Math.log(order - k + 1) - Math.log(k);
    if (k === 1) continue;
    const logWeight = logChoose + (order - k) * Math.log1p(-q) + k * Math.log(q);
    terms.push(logWeight + logExpMinusOne((k * k - k) / (2 * sigma ** 2)));
  }
  return logSumExp(terms);
}

/** log(A − 1) by the trapezoidal rule. As E[exp(u) − 1] = 0, the tangent α q (exp(u) − 1) is taken off, which leaves what is ≥ 0. */
function integratedExcess(order: number, sigma: number, q: number): number {
  const variance = sigma ** 2;
  const step = Math.min(sigma / STEPS_A_DEVIATION, variance / STEPS_A_VARIANCE);
  const logDensity = -Math.log(sigma * Math.sqrt(2 * Math.PI)) + Math.log(step);
  const steps = Math.ceil((order + 2 * REACH * sigma) / step);
  const terms: number[] = [];
  for (let i = 0; i <= steps; i++) {
    const z = -REACH * sigma + i * step;
    const u = (2 * z - 1) / (2 * variance);
    terms.push(logAboveTangent(order, q, u) + logDensity - z ** 2 / (2 * variance));
  }
  return logSumExp(terms);
}

/** Above this, exp(u) − 1 is exp(u) to the last bit, and may overflow. */
const LARGE = 40;

/** log(((1 − q) + q exp(u))^α − 1 − α q (exp(u) − 1)). */
function logAboveTangent(order: number, q: number, u: number): number {
  if (u > LARGE) {
    const logBase = Math.log(q) + u + Math.log1p(((1 - q) / q) * Math.exp(-u));
    const logTangent = Math.log(order * q) + u;
    const logPower = order * logBase;
    // Convex functions lie above their tangents; where rounding says otherwise nothing is left.
    return logTangent >= logPower
      ? Number.NEGATIVE_INFINITY
      : logPower + Math.log1p(-Math.exp(logTangent - logPower));
  }
  const rise = Math.expm1(u);
  const x = q * rise;
  // Near the point of contact the difference is smaller than its terms, and the first terms of its series say it better.
  if (Math.abs(x) < 1e-3) {
    let term = (order * (order - 1) * x * x) / 2;
    let sum = term;
    for (let k = 3; k < 12; k++) {
      term *= ((order - k + 1) * x) / k;
      sum += term;
    }
    return Math.log(sum);
  }
  const logPower = order * Math.log1p(x);
  if (logPower > LARGE) return logPower + Math.log1p(-(1 + order * x) * Math.exp(-logPower));
  return Math.log(Math.max(0, Math.expm1(logPower) - order * x));
}
