/** The parts of jStat that are used; the package has no declarations of its own. */
declare module "jstat" {
  const jStat: {
    readonly normal: { cdf(x: number, mean: number, standardDeviation: number): number };
    readonly studentt: { cdf(x: number, degreesOfFreedom: number): number };
  };
  export default jStat;
}
