import type { Collective, NumberArray } from "@lathe/distributed";

/** Time that was spent in calls. */
export interface CallTimes {
  seconds: number;
  /** Of them in sums of float32, which are those of gradients. */
  transferSeconds: number;
  calls: number;
}

/** A collective that adds up how long its calls take. */
export function timedCollective(collective: Collective): {
  readonly timed: Collective;
  /** What was spent since it was asked last. */
  readonly take: () => CallTimes;
} {
  const none = (): CallTimes => ({ seconds: 0, transferSeconds: 0, calls: 0 });
  let times = none();
  const timing = async <Result>(work: Promise<Result>, isTransfer = false): Promise<Result> => {
    const started = performance.now();
    const result = await work;
    const seconds = (performance.now() - started) / 1000;
    times.seconds += seconds;
    if (isTransfer) times.transferSeconds += seconds;
    times.calls++;
    return result;
  };
  const { rank, size } = collective;
  const timed: Collective = {
    rank,
    size,
    allReduce: (values, reduction) =>
      timing(collective.allReduce(values, reduction), values instanceof Float32Array),
    reduceScatter: <Values extends NumberArray>(values: Values, counts: readonly number[]) =>
      timing(collective.reduceScatter(values, counts), values instanceof Float32Array),
    allGather: <Values extends NumberArray>(own: Values) =>
      timing(collective.allGather(own), own instanceof Float32Array),
    blockingGroup: (groupSize) => collective.blockingGroup(groupSize),
    broadcast: (values, root) => timing(collective.broadcast(values, root)),
    barrier: () => timing(collective.barrier()),
    abort: (code) => {
      collective.abort(code);
    },
    close: () => collective.close(),
  };
  return {
    timed,
    take() {
      const taken = times;
      times = none();
      return taken;
    },
  };
}
