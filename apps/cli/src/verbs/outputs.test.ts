/** Places at which nothing can be written, and folders whose process was killed between its two renames. */
import { spawnSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { loraFixture, storiesModel, temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";
import { verbs as table } from "./index.js";

let folder: string;
let data: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeJsonl(join(folder, "rows.jsonl"), [
    { prompt: "Once upon", completion: " a time" },
    { prompt: "There was", completion: " a dog" },
  ]);
});

/** The words of a verb that writes an output there. */
const verbs: Readonly<Record<string, (output: string) => string[]>> = {
  train: (output) => ["train", "--model", storiesModel, "--data", data, "--output", output],
  merge: (output) => [
    ...["merge", "--model", tinyModel("qwen2")],
    ...["--adapter", join(loraFixture("qwen2-qv"), "adapter_end"), "--output", output],
  ],
  quantize: (output) => [
    ...["quantize", "--model", tinyModel("qwen2"), "--format", "int8", "--output", output],
  ],
  prepare: (output) => ["prepare", "--input", data, "--output", output],
  "eval, its replies": (output) => [
    ...["eval", "--model", storiesModel, "--data", data, "--predictions-output", output],
  ],
  "eval, its reports": (output) => ["eval", "--model", storiesModel, "--data", data, "--output", output],
  prune: (output) => ["prune", "--model", tinyModel("qwen2"), "--sparsity", "0.3", "--output", output],
  export: (output) => [
    ...["export", "--model", storiesModel, "--to", "gguf", "--no-gate", "--output", output],
  ],
  auto: (output) => [
    ...["auto", "--model", storiesModel, "--data", data, "--time", "10s", "--output", output],
  ],
};

describe.runIf(process.platform === "linux")("an output that cannot be", () => {
  it.each(
    Object.keys(verbs).flatMap((verb) =>
      ["/proc/x", "/proc/x/y/z", "/sys/x", "/dev/null/x"].map((output) => [verb, output] as const),
    ),
  )("%s to %s ends in one sentence with the path", async (verb, output) => {
    const { code, stderr, stdout } = await runLathe(verbs[verb](output));
    const faults = stderr.split("\n").filter((line) => line.startsWith("lathe: "));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(output);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});

/** Addresses of all modules that a command of its own process loads: V8 writes them down. */
async function loadedModules(words: readonly string[]): Promise<string[]> {
  const written = await temporaryFolder();
  const lathe = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
  spawnSync(process.execPath, [lathe, ...words], { env: { ...process.env, NODE_V8_COVERAGE: written } });
  const texts = (await readdir(written)).map((name) => readFile(join(written, name), "utf8"));
  const pages = (await Promise.all(texts)).map((text) => JSON.parse(text) as { result: { url: string }[] });
  return pages.flatMap(({ result }) => result.map(({ url }) => url)).filter((url) => url.startsWith("file:"));
}

describe("what is loaded before a place is refused", () => {
  /** Packages that do the work: engines, models, the loop, and the recipes over them. */
  const WORKING = /\/packages\/(recipes|train|model|tensor|kernels|data|eval)\/|tfjs|apache-arrow/;

  it.runIf(process.platform === "linux").each(Object.keys(verbs))(
    "is nothing that works: %s",
    async (verb) => {
      const loaded = await loadedModules(verbs[verb]("/proc/x"));
      expect(loaded.some((url) => url.endsWith("/check-places.js"))).toBe(true);
      const working = loaded.filter(
        (url) => WORKING.test(url) && !/\/(zh|process)\.js$|\/elsewhere\/|\/process\//.test(url),
      );
      expect(working).toEqual([]);
    },
  );

  it("is told from what a verb loads that goes on", async () => {
    const loaded = await loadedModules(["merge", "--model", "none", "--adapter", "none", "--output", "none"]);
    expect(loaded.some((url) => /\/packages\/tensor\//.test(url))).toBe(true);
  });

  it("is looked at for every verb that writes a place", async () => {
    for (const { name, places = [], load } of table) {
      const { options } = await load();
      // What is only tried is written nowhere, and rounds of owners are begun by a launcher.
      const isTried = ["verify-resume", "doctor accumulation", "doctor packing", "plan"].includes(name);
      const written = Object.keys(options.shape).filter((key) => /^(output|.*Output)$/.test(key));
      expect(places, name).toEqual(isTried ? [] : written);
    }
  });
});

describe("a place in a config file", () => {
  it("is refused as one of a flag is, which wins over it", async () => {
    const config = join(folder, "run.yaml");
    await writeFile(config, `output: /dev/null/x\ndata: ${data}\n`);
    const words = ["train", "--model", storiesModel, "--config", config];
    expect((await runLathe(words)).stderr).toContain("--output: /dev/null/x: cannot be made");
    const { stderr } = await runLathe([...words, "--output=/dev/null/y", "--max-steps", "0"]);
    expect(stderr).toContain("/dev/null/y");
    expect(stderr).not.toContain("/dev/null/x");
  });
});

describe("a folder whose process was killed between its two renames", () => {
  const killer = fileURLToPath(new URL("../../../../packages/files/testing/kill-at.mjs", import.meta.url));

  it("is put back by the next prepare, which then may or may not replace it", async () => {
    const output = join(folder, "prepared");
    expect((await runLathe([...verbs["prepare"](output), "--split", "1:0:0"])).code).toBe(0);
    const before = await readdir(output);
    const { signal } = spawnSync(process.execPath, [killer, "2", "folder", output, "rename"]);
    expect(signal).toBe("SIGKILL");
    expect(await readdir(folder)).not.toContain("prepared");
    const refused = await runLathe(verbs["prepare"](output));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("got one with files in it; name another one or allow overwriting");
    expect(await readdir(output)).toEqual(before);
    expect((await runLathe([...verbs["prepare"](output), "--overwrite"])).code).toBe(0);
    expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
  });
});
