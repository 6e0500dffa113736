import { describe, expect, it } from "vitest";
import type { ArtefactRuntime } from "./artefact-runtime.js";
import { type GateReference, holdToReference } from "./hold-to-reference.js";

const reference: GateReference = {
  ids: [1, 2, 3],
  text: "abc",
  logits: Float32Array.of(0, 1, 2, 3),
  greedy: [3, 3, 0],
};

const faithful: ArtefactRuntime = {
  name: "faithful",
  template: "T",
  tokenize: () => [1, 2, 3],
  logits: () => Promise.resolve(Float32Array.of(0, 1, 2, 3)),
  greedy: () => Promise.resolve([3, 3, 0]),
  close: () => Promise.resolve(),
};

const held = async (changes: Partial<ArtefactRuntime>, greedy = 1) =>
  await holdToReference({ ...faithful, ...changes }, [reference, reference], {
    template: "T",
    ends: [0],
    bounds: { logits: 0.1, greedy },
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

  it("counts what follows a differing token as different, and holds replies to the share that is asked for", async () => {
    const changes = { greedy: () => Promise.resolve([3, 1, 0]) };
    expect(await held(changes, 0.3)).toMatchObject({ passed: true, equalGreedyTokens: 2, greedyTokens: 6 });
    expect((await held(changes, 0.34)).passed).toBe(false);
  });
});
