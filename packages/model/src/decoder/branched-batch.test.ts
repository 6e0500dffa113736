import { fileURLToPath } from "node:url";
import { listEngines, scalarFunction, startEngine, valueAndGradients } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import {
  branchedBatch,
  type BranchedRow,
  flatBatch,
  type LabelledRow,
  loadModel,
  trainableWeights,
  UNSCORED,
} from "../index.js";

const SEED = Number(process.env["TEST_SEED"] ?? 281116);
const folder = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/models/${name}/`, import.meta.url));

const probed = await Promise.all(
  listEngines().map(async (engine) => ((await engine.probe()) === null ? engine.name : null)),
);
const engines = probed.filter((name) => name !== null);

let state = SEED;
const next = (below: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const ids = (length: number): Int32Array => Int32Array.from({ length }, () => next(300));

/** Stems of one token and of many, one branch, two and three, branches of one token. */
const rows: BranchedRow[] = [
  { stem: ids(7), branches: [ids(3), ids(5)] },
  { stem: ids(1), branches: [ids(4), ids(1)] },
  { stem: ids(5), branches: [ids(6)] },
  { stem: ids(9), branches: [ids(2), ids(1), ids(3)] },
];

/** The same sequences by themselves, with the labels that the branches have. */
const alone: LabelledRow[] = rows.flatMap(({ stem, branches }) =>
  branches.map((branch) => ({
    inputIds: Int32Array.of(...stem, ...branch),
    labels: Int32Array.of(...stem.map(() => UNSCORED), ...branch),
  })),
);

describe("branchedBatch", () => {
  it("has the tokens of a stem once, and says where the keys of its branches are", () => {
    const batch = branchedBatch([
      { stem: Int32Array.of(1, 2), branches: [Int32Array.of(3), Int32Array.of(4, 5)] },
    ]);
    expect([...batch.tokens]).toEqual([1, 2, 3, 4, 5]);
    expect([...batch.segments]).toEqual([0, 2, 3, 5]);
    expect([...batch.firstPositions]).toEqual([0, 2, 2]);
    expect([...batch.keys!.rows]).toEqual([0, 1, 0, 1, 2, 0, 1, 3, 4]);
    expect([...batch.keys!.segments]).toEqual([0, 2, 5, 9]);
    expect([...batch.positions]).toEqual([1, 1, 3]);
    expect([...batch.labels]).toEqual([3, 4, 5]);
    expect([...batch.spans]).toEqual([0, 0, 1, 3]);
  });

  it("scores stems where they are asked for, once", () => {
    const batch = branchedBatch([{ stem: Int32Array.of(1, 2, 3), branches: [Int32Array.of(4)] }], {
      scoresStems: true,
    });
    expect([...batch.labels]).toEqual([2, 3, 4]);
    expect([...batch.positions]).toEqual([0, 1, 2]);
    expect([...batch.spans]).toEqual([0, 2, 3]);
    expect(batch.keys).toBeNull();
  });

  it.each([
    [{ stem: Int32Array.of(), branches: [ids(1)] }, "stem of at least one token"],
    [{ stem: ids(1), branches: [] }, "at least one branch"],
    [{ stem: ids(1), branches: [ids(1), Int32Array.of()] }, "token in every branch"],
  ])("names a row that is none", (row, message) => {
    expect(() => branchedBatch([rows[0], row])).toThrow(message);
    expect(() => branchedBatch([rows[0], row])).toThrow("row 1");
  });
});

const cases = engines.flatMap((engine) =>
  ["qwen2", "llama", "qwen3", "deepseek_v3"].flatMap((name) =>
    (["none", "block"] as const).map((checkpointing) => ({ engine, name, checkpointing })),
  ),
);

describe.each(cases)(`$name on $engine, checkpointing $checkpointing (seed ${SEED})`, (entry) => {
  it("gives the losses and gradients of the sequences alone", async () => {
    await startEngine(entry.engine, "fp32");
    const model = await loadModel(folder(entry.name));
    try {
      model.checkpointing = entry.checkpointing;
      const [shared, apart] = [branchedBatch(rows), branchedBatch(rows.flatMap(unshared))];
      const losses = tf.tidy(() => model.labelLosses(shared).dataSync());
      const expected = model.tokenLosses(flatBatch(alone));
      expect(losses.length).toBe(expected.length);
      expected.forEach((value, i) => {
        expect(Math.abs(losses[i] - value), `label ${i}`).toBeLessThan(2e-5);
      });

      const weights = trainableWeights(model, [
        "model.layers.0.",
        // The head too, which is a tensor of its own or the embedding.
        model.config.tieWordEmbeddings ? "model.embed_tokens." : "lm_head",
      ]);
      const variables = weights.map(({ variable }) => variable);
      const gradientsOf = (batch: typeof shared): Float32Array[] => {
        const { value, gradients } = valueAndGradients(
          () =>
            tf.tidy(() =>
              scalarFunction(model.labelLosses(batch), (values) => ({
                value: values.reduce((sum, one, i) => sum + one * Math.cos(i), 0),
                gradient: values.map((_one, i) => Math.cos(i)),
              })),
            ),
          variables,
        );
        const read = gradients.map((gradient) => gradient!.dataSync() as Float32Array);
        tf.dispose([value, ...gradients.filter((gradient) => gradient !== null)]);
        return read;
      };
      const right = gradientsOf(apart);
      gradientsOf(shared).forEach((gradient, index) => {
        const scale = Math.max(...right[index].map(Math.abs));
        gradient.forEach((value, i) => {
          expect(Math.abs(value - right[index][i]), weights[index].name).toBeLessThan(1e-5 * (1 + scale));
        });
      });
    } finally {
      model.dispose();
    }
  });
});

const unshared = ({ stem, branches }: BranchedRow): BranchedRow[] =>
  branches.map((branch) => ({ stem, branches: [branch] }));
