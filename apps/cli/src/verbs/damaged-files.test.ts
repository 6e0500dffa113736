import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { storiesModel, temporaryFolder, tinyModel } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

const damaged = (name: string): string =>
  fileURLToPath(new URL(`../../../../packages/data/fixtures/damaged/${name}`, import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

/** Words of JavaScript's own errors, which tell where a library stumbled. */
const STUMBLED = /undefined|is not a function|out of bounds|Invalid typed array/;

/** One sentence that names the file, in either language, and the exit code of what the user can mend. */
async function expectOneSentence(words: readonly string[], file: string): Promise<void> {
  for (const language of ["en", "zh"]) {
    const { code, stdout, stderr } = await runLathe([...words, "--language", language]);
    expect(code, stderr).toBe(2);
    expect(stdout).toBe("");
    const told = stderr.split("\n").filter((line) => line.startsWith("lathe: "));
    expect(told, stderr).toHaveLength(1);
    expect(told[0]).toContain(file);
    expect(told[0]).not.toMatch(STUMBLED);
    if (language === "zh")
      expect(told[0].replace(/[\w.-]*\/[\w./ -]+/g, "")).not.toMatch(/[a-z]+ [a-z]+ [a-z]+/i);
    expect(stderr).not.toMatch(/^\s+at /m);
  }
}

describe("damaged files", () => {
  it.each(["hang.arrow", "typeerror.arrow"])(
    "train refuses %s",
    async (name) => {
      const output = join(folder, name);
      const words = ["train", "--model", tinyModel("qwen2"), "--data", damaged(name), "--output", output];
      await expectOneSentence(words, name);
    },
    30_000,
  );

  it("prepare refuses hang.parquet", async () => {
    const output = join(folder, "prepared");
    await expectOneSentence(
      ["prepare", "--input", damaged("hang.parquet"), "--output", output],
      "hang.parquet",
    );
  }, 30_000);

  it.each<[damage: string, change: (json: string) => string]>([
    ["cut", (json) => json.slice(0, json.length / 2)],
    ["empty", () => ""],
    ["no object", () => "[]"],
    ["without a model", () => "{}"],
    ["a key twice", (json) => json.replace("{", '{"version":"1.0",')],
    ["another model", (json) => json.replace('"BPE"', '"Whatever"')],
  ])("generate refuses a tokenizer.json that is %s", async (damage, change) => {
    const model = join(folder, damage);
    await mkdir(model);
    for (const file of ["config.json", "model.safetensors", "tokenizer_config.json"]) {
      await copyFile(join(storiesModel, file), join(model, file));
    }
    const path = join(model, "tokenizer.json");
    await writeFile(path, change(await readFile(join(storiesModel, "tokenizer.json"), "utf8")));
    await expectOneSentence(["generate", "--model", model, "--prompt", "Once"], path);
  });
});
