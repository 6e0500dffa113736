import { cpus } from "node:os";
import { describe, expect, it } from "vitest";
import type { ProcessorTimes } from "./processor-times.js";
import type { Pulse } from "./pulse.js";
import { describeQuietness, quietOf, quietRounds } from "./quiet-rounds.js";

const cores = cpus().length;

/** A machine on which round `i` takes ten seconds and others take the share `others[i]`, at the pulse `pulses[i]` after it. */
function machine(others: readonly number[], pulses: readonly number[] = [], stolen: readonly number[] = []) {
  const times: ProcessorTimes = { at: 0, busy: 0, stolen: 0, own: 0 };
  let now = times;
  let measured = 0;
  const pulse = (speed: number): Pulse => ({ one: speed, all: speed * cores });
  return {
    readTimes: () => now,
    measurePulse: async () => pulse(pulses[measured++] ?? 100),
    run: async (round: number) => {
      const whole = 10 * cores;
      const [foreign, gone] = [others[round - 1] ?? 0, stolen[round - 1] ?? 0];
      now = {
        at: now.at + 10,
        busy: now.busy + whole * (0.9 + foreign),
        own: now.own + whole * 0.9,
        stolen: now.stolen + whole * gone,
      };
      return round;
    },
  };
}

describe("quietRounds", () => {
  it("takes as many as are wanted where nothing happens", async () => {
    const { run, ...state } = machine([]);
    const { outcomes, quietness } = await quietRounds({ rounds: 3, attempts: 5, ...state }, run);
    expect(outcomes).toEqual([1, 2, 3]);
    expect(quietness).toMatchObject({ isQuiet: true, kept: 3, taken: 3, others: 0, stolen: 0 });
    expect(describeQuietness(quietness)).toMatch(/^Quiet: 3 of 3 rounds count/);
  });

  it("throws a round away in which others ran, and says so", async () => {
    const { run, ...state } = machine([0.01, 0.5, 0]);
    const said: string[] = [];
    const say = (sentence: string): void => void said.push(sentence);
    const { outcomes, quietness } = await quietRounds({ rounds: 2, attempts: 5, say, ...state }, run);
    expect(outcomes).toEqual([1, 3]);
    expect(quietness).toMatchObject({ isQuiet: true, kept: 2, taken: 3 });
    expect(quietness.others).toBeCloseTo(0.01);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("others took 50.0 % of the processors");
  });

  it("throws a round away in which processor time was stolen", async () => {
    const { run, ...state } = machine([], [], [0.1]);
    expect((await quietRounds({ rounds: 1, attempts: 3, ...state }, run)).outcomes).toEqual([2]);
  });

  it("finds a round slow after the fact, when a later pulse is faster", async () => {
    // Before the first round, after it, after the second, …
    const { run, ...state } = machine([], [80, 80, 100, 100]);
    const { outcomes, quietness } = await quietRounds({ rounds: 1, attempts: 4, ...state }, run);
    expect(outcomes).toEqual([1]);
    expect(quietness.isQuiet).toBe(true);
    const later = machine([], [80, 80, 100, 100]);
    const both = await quietRounds({ rounds: 2, attempts: 4, ...later }, later.run);
    // The second began at the slow pulse.
    expect(both.outcomes).toEqual([3, 4]);
  });

  it("keeps all rounds where none was quiet, and is not quiet", async () => {
    const { run, ...state } = machine([0.2, 0.3, 0.4]);
    const { outcomes, quietness } = await quietRounds({ rounds: 1, attempts: 3, ...state }, run);
    expect(outcomes).toEqual([1, 2, 3]);
    expect(quietness).toMatchObject({ isQuiet: false, kept: 3, taken: 3 });
    expect(quietness.others).toBeCloseTo(0.4);
    expect(describeQuietness(quietness)).toMatch(/^Not quiet: /);
  });

  it("goes by the pulse alone where the system tells no times, and by nothing without either", async () => {
    const { run, measurePulse } = machine([0.9], [100, 50, 50, 100, 100]);
    const state = { readTimes: () => null, measurePulse };
    expect((await quietRounds({ rounds: 1, attempts: 4, ...state }, run)).outcomes).toEqual([4]);
    const blind = { readTimes: () => null, measurePulse: async () => null };
    const { quietness } = await quietRounds({ rounds: 1, attempts: 3, ...blind }, run);
    expect(quietness).toEqual({ isQuiet: true, kept: 1, taken: 1, others: 0, stolen: 0, pulse: null });
  });
});

it("one thread that is as fast as ever does not excuse threads that are in each other's way", () => {
  const state = (one: number, all: number) => ({ stretch: null, pulse: { one, all } });
  const states = [state(100, 200), state(100, 120), state(99, 198)];
  expect(quietOf(states, { one: 100, all: 200 })).toEqual([true, false, true]);
});
