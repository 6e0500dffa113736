import { describe, expect, it } from "vitest";
import type { ArtefactRuntime } from "./artefact-runtime.js";
import { type GateReference, holdToReference } from "./hold-to-reference.js";

const reference: GateReference = {
  ids: [1, 2, 3],
  text: "abc",
  logits: Float32Array.of(0, 1, 2, 3),
  greedy: [3, 3, 0],
  margin: (at, id) => Promise.resolve(at === 0 && id === 1 ? 0.01 : 5),
};

const faithful: ArtefactRuntime = {
  name: "faithful",
  template: "T",
  tokenize: () => [1, 2, 3],
  logits: () => Promise.resolve(Float32Array.of(0, 1, 2, 3)),
  greedy: () => Promise.resolve([3, 3, 0]),
  likeliest: () => Promise.resolve([]),
  close: () => Promise.resolve(),
};

const held = async (changes: Partial<ArtefactRuntime>, greedy = 1, tie = 0) =>
  await holdToReference({ ...faithful, ...changes }, [reference, reference], {
    template: "T",
    ends: [0],
    bounds: { logits: 0.1, greedy, tie },
  });

describe("holdToReference", () => {
  it("lets a faithful artefact pass", async () => {
    expect(await held({})).toMatchObject({
      passed: true,
      firstDifference: null,
      prompts: 2,
      equalGreedyTokens: 6,
      equalReplies: 2,
    });
  });

  it.each([
    ["template", { template: "T " }],
    ["token ids", { tokenize: () => [1, 2] }],
    ["token ids", { tokenize: () => [1, 2, 3, 4] }],
    ["logits", { logits: () => Promise.resolve(Float32Array.of(0, 1, 2, 3.2)) }],
    ["logits", { logits: () => Promise.resolve(Float32Array.of(0, NaN, 2, 3)) }],
    ["greedy tokens", { greedy: () => Promise.resolve([3, 1, 0]) }],
    ["greedy tokens", { greedy: () => Promise.resolve([3]) }],
  ] as const)("tells that %s differ: %j", async (what, changes) => {
    const { passed, firstDifference } = await held(changes);
    expect(passed).toBe(false);
    expect(firstDifference?.what).toBe(what);
  });

  it("lets a share of the prompts jump, one at least, and none without bounds", async () => {
    const jumping = async (answers: readonly number[], jumps?: { share: number; logits: number }) => {
      let asked = 0;
      const logits = (): Promise<Float32Array> => Promise.resolve(Float32Array.of(0, 1, 2, answers[asked++]));
      const bounds = { logits: 0.1, greedy: 1, tie: 0, jumps };
      const references = answers.map(() => reference);
      return await holdToReference({ ...faithful, logits }, references, { template: "T", ends: [0], bounds });
    };
    const some = { share: 0.4, logits: 3 };
    expect(await jumping([4, 3, 3], some)).toMatchObject({ passed: true, jumpingPrompts: 1 });
    expect(await jumping([4, 4, 3], some)).toMatchObject({ passed: true, jumpingPrompts: 2 });
    expect(await jumping([4, 4, 4], some)).toMatchObject({ passed: false, jumpingPrompts: 3 });
    expect(await jumping([3, 4], { share: 0.1, logits: 3 })).toMatchObject({ passed: true });
    for (const far of [8, NaN]) {
      expect(await jumping([3, far], some)).toMatchObject({ firstDifference: { prompt: 1, what: "logits" } });
    }
    expect(await jumping([3, 4])).toMatchObject({ passed: false });
  });

  it("counts a token that differs as one, and goes on after the model's own reply", async () => {
    const asked: unknown[] = [];
    const changes: Partial<ArtefactRuntime> = {
      greedy: () => Promise.resolve([1, 3, 2]),
      likeliest(ids, start) {
        asked.push([ids, start]);
        return Promise.resolve([3, 0]);
      },
    };
    // Of [3, 3, 0] the first differs here, and what follows the model's own tokens does not.
    expect(await held(changes, 0.6)).toMatchObject({ passed: true, equalGreedyTokens: 4, equalReplies: 0 });
    expect(asked[0]).toEqual([[1, 2, 3, 3, 3], 3]);
    const { passed, firstDifference } = await held(changes, 0.67);
    expect(passed).toBe(false);
    expect(firstDifference).toMatchObject({
      what: "greedy tokens",
      expected: "[3, 3, 0]",
      actual: "[1, 3, 2]",
    });
  });

  it("lets near ties of the model pass and nothing that it prefers by more", async () => {
    const tied = { greedy: () => Promise.resolve([1, 3, 2]), likeliest: () => Promise.resolve([3, 0]) };
    expect(await held(tied, 1, 0.02)).toMatchObject({ passed: true, equalGreedyTokens: 4, nearTies: 2 });
    expect((await held(tied, 1, 0.005)).passed).toBe(false);
    const other = { greedy: () => Promise.resolve([2, 3, 2]), likeliest: () => Promise.resolve([3, 0]) };
    expect(await held(other, 1, 0.02)).toMatchObject({ passed: false, nearTies: 0 });
  });

  it("does not count what the artefact leaves out", async () => {
    const changes = { greedy: () => Promise.resolve([]), likeliest: () => Promise.resolve([3]) };
    expect(await held(changes, 0, 9)).toMatchObject({ greedyTokens: 6, equalGreedyTokens: 2 });
  });
});
