import { localGroup } from "@lathe/distributed";
import { expect, it } from "vitest";
import { timedCollective } from "./timed-collective.js";

it("answers as the collective does, counts its calls and tells sums of gradients from others", async () => {
  await Promise.all(
    localGroup(2).map(async (collective) => {
      const { timed, take } = timedCollective(collective);
      const sums = Float32Array.of(timed.rank + 1);
      await timed.allReduce(sums);
      expect([...sums]).toEqual([3]);
      const counts = Float64Array.of(1);
      await timed.allReduce(counts);
      expect([...counts]).toEqual([2]);
      expect((await timed.allGather(Int32Array.of(timed.rank))).map(([value]) => value)).toEqual([0, 1]);
      expect([...(await timed.reduceScatter(Float32Array.of(1, 2), [1, 1]))]).toEqual([2 + 2 * timed.rank]);
      await timed.barrier();
      const { calls, seconds, transferSeconds } = take();
      expect(calls).toBe(5);
      expect(seconds).toBeGreaterThan(0);
      expect(transferSeconds).toBeGreaterThan(0);
      expect(transferSeconds).toBeLessThanOrEqual(seconds);
      expect(take()).toEqual({ calls: 0, seconds: 0, transferSeconds: 0 });
      await timed.close();
    }),
  );
});
