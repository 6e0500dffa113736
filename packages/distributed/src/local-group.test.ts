import { describe, expect, it } from "vitest";
import { broadcastBytes, type Collective, CollectiveError, localCollective, localGroup } from "./index.js";

/** What all ranks come to that do the same at once. */
const onAll = <Result>(size: number, work: (rank: Collective) => Promise<Result>): Promise<Result[]> =>
  Promise.all(localGroup(size).map(work));

describe("ranks within a process", () => {
  it.each([1, 2, 3, 5])("sum, compare, gather and send, %i of them", async (size) => {
    const ranks = Array.from({ length: size }, (_, rank) => rank);
    const sum = (of: (rank: number) => number): number => ranks.reduce((total, rank) => total + of(rank), 0);
    const all = await onAll(size, async (collective) => {
      const { rank } = collective;
      const sums = Float32Array.of(rank + 1, rank * rank, 0.5);
      await collective.allReduce(sums);
      const greatest = Int32Array.of(rank, -rank);
      await collective.allReduce(greatest, "max");
      const gathered = await collective.allGather(Uint8Array.from({ length: rank }, () => rank));
      const counts = ranks.map((each) => each % 2);
      const whole = Float64Array.from(
        { length: counts.reduce((total, count) => total + count, 0) },
        (_, i) => i + rank,
      );
      const part = await collective.reduceScatter(whole, counts);
      const sent = Float64Array.of(rank);
      await collective.broadcast(sent, size - 1);
      await collective.barrier();
      await collective.close();
      return { sums, greatest, gathered, part, sent, from: Math.floor(rank / 2), isPart: rank % 2 === 1 };
    });
    for (const { sums, greatest, gathered, part, sent, from, isPart } of all) {
      expect([...sums]).toEqual([sum((rank) => rank + 1), sum((rank) => rank * rank), size * 0.5]);
      expect([...greatest]).toEqual([size - 1, 0].map((value) => value + 0));
      expect(gathered.map((each) => [...each])).toEqual(
        ranks.map((rank) => ranks.slice(0, rank).map(() => rank)),
      );
      expect([...part]).toEqual(isPart ? [sum((rank) => from + rank)] : []);
      expect([...sent]).toEqual([size - 1]);
    }
  });

  it("keep their calls apart where none is waited for", async () => {
    const results = await onAll(3, async (collective) => {
      const values = Array.from({ length: 10 }, (_, i) => Float64Array.of(i * (collective.rank + 1)));
      await Promise.all(values.map((each) => collective.allReduce(each)));
      return values.map(([value]) => value);
    });
    for (const each of results) expect(each).toEqual(Array.from({ length: 10 }, (_, i) => 6 * i));
  });

  it("have their own arrays: what one does with an answer changes nothing of another's", async () => {
    const answers = await onAll(2, async (collective) => {
      const gathered = await collective.allGather(Int32Array.of(collective.rank));
      if (collective.rank === 0) gathered[1][0] = 99;
      await collective.barrier();
      return gathered.map(([value]) => value);
    });
    expect(answers[1]).toEqual([0, 1]);
  });

  it("give the bytes of one to all, empty ones too", async () => {
    for (const length of [0, 1, 1000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i);
      const all = await onAll(3, (collective) =>
        broadcastBytes(collective, collective.rank === 1 ? Buffer.from(bytes) : null, 1),
      );
      for (const each of all) expect([...each]).toEqual([...bytes]);
    }
    await expect(broadcastBytes(localCollective(), null)).rejects.toThrow(
      "expected bytes of the rank that sends",
    );
  });

  it("all end where one ends them, or where they do not call the same", async () => {
    const [one, two] = localGroup(2);
    const waiting = one.barrier();
    two.abort(7);
    await expect(waiting).rejects.toThrow("rank 1 has ended all ranks with code 7");
    await expect(two.barrier()).rejects.toMatchObject({ name: "CollectiveError", fault: "closed" });

    const [left, right] = localGroup(2);
    const results = await Promise.allSettled([left.barrier(), right.allReduce(new Float32Array(2))]);
    for (const result of results) {
      expect(result).toMatchObject({ status: "rejected", reason: { fault: "arguments" } });
    }
  });

  it("refuse what does not fit, and calls after the end", async () => {
    const alone = localCollective();
    await expect(alone.reduceScatter(new Float32Array(3), [2])).rejects.toThrow(
      "expected counts that come to 3, got 2",
    );
    await expect(alone.reduceScatter(new Float32Array(3), [1, 2])).rejects.toThrow(
      "expected a count for each of 1 ranks, got 2",
    );
    await expect(alone.reduceScatter(new Float32Array(3), [3.5])).rejects.toThrow(
      "whole numbers from 0, got 3.5",
    );
    await expect(alone.broadcast(new Float32Array(1), 1)).rejects.toThrow(
      "expected a rank from 0 to 0, got 1",
    );
    expect(() => alone.abort(0)).toThrow("expected an exit code from 1 to 255, got 0");
    expect(() => localGroup(0)).toThrow(CollectiveError);
    await alone.close();
    await alone.close();
    await expect(alone.barrier()).rejects.toThrow("this rank takes part no more");
  });
});
