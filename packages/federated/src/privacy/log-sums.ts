/** log(Σ exp(x)) of finite numbers and −∞; −∞ of none. */
export function logSumExp(values: readonly number[]): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > largest) largest = value;
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - largest);
  return largest + Math.log(sum);
}

/** log(1 + exp(x)) without overflow, and without loss for x far below 0. */
export const logOnePlusExp = (x: number): number =>
  x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));

/** log(exp(x) − 1) of x ≥ 0 without overflow; −∞ of 0. */
export const logExpMinusOne = (x: number): number =>
  x > 1 ? x + Math.log1p(-Math.exp(-x)) : Math.log(Math.expm1(x));
