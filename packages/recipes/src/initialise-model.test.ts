import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openWeights } from "@lathe/model";
import { beforeAll, describe, expect, it } from "vitest";
import { finetune } from "./finetune.js";
import { initialiseModel } from "./initialise-model.js";
import { openModel } from "./model/open-model.js";
import { storiesModel, temporaryFolder } from "./testing/folders.js";

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

describe("initialiseModel", () => {
  it("writes first weights beside the tokenizer of another model, with the deviation of its config", async () => {
    const output = await initialiseModel({ like: storiesModel, output: join(folder, "fresh"), seed: 5 });
    const config = JSON.parse(await readFile(join(output, "config.json"), "utf8")) as Record<string, unknown>;
    expect(await readFile(join(output, "tokenizer.json"))).toEqual(
      await readFile(join(storiesModel, "tokenizer.json")),
    );
    const weights = await openWeights(output);
    const values = await weights.readFloat32("model.layers.0.mlp.up_proj.weight");
    await weights.close();
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
    const range = config["initializer_range"] as number;
    // Five standard errors.
    expect(Math.abs(deviation / range - 1)).toBeLessThan(5 / Math.sqrt(2 * values.length));
    const model = await openModel(output);
    expect(model.tokenizer).not.toBeNull();
    model.dispose();
  });

  it("can be trained to know what it is shown", async () => {
    const output = await initialiseModel({ like: storiesModel, output: join(folder, "learner") });
    const data = [{ text: "Once upon a time there was a cat." }];
    const losses: number[] = [];
    const train = { maxSteps: 30, learningRate: 5e-3, warmupSteps: 3 };
    for await (const { loss } of finetune({ model: output, data, method: "full", train })) losses.push(loss);
    // Before: of all tokens each is as likely as any other.
    const { config, dispose } = await openModel(output);
    expect(Math.abs(losses[0] - Math.log(config.vocabularySize))).toBeLessThan(0.1);
    dispose();
    expect(losses.at(-1)).toBeLessThan(losses[0] / 2);
  });

  it("gives the same bits for the same seed, and refuses what is in the way or none", async () => {
    const bytesOf = async (name: string, seed: number): Promise<Buffer> => {
      const output = await initialiseModel({ like: storiesModel, output: join(folder, name), seed });
      return readFile(join(output, "model.safetensors"));
    };
    const one = await bytesOf("one", 1);
    expect((await bytesOf("again", 1)).equals(one)).toBe(true);
    expect((await bytesOf("other", 2)).equals(one)).toBe(false);
    await expect(bytesOf("one", 1)).rejects.toMatchObject({ name: "OutputFolderError" });
    await expect(bytesOf("x", -1)).rejects.toMatchObject({ fields: ["seed"] });
    await expect(initialiseModel({ like: folder, output: join(folder, "x") })).rejects.toMatchObject({
      name: "ModelConfigError",
    });
    expect(await readdir(folder)).not.toContain("x");
  });
});
