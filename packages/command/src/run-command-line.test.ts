import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { Readable, Writable } from "node:stream";
import type { CommandMessages } from "./command-messages.js";
import { field, InputError, option, phrase, sayPhrase } from "@lathe/files";
import { camelCase } from "./property.js";
import type { Program } from "./program.js";
import { runCommandLine } from "./run-command-line.js";
import { UsageError } from "./usage-error.js";
import type { VerbDefinition, VerbEntry } from "./verb.js";

const options = z.object({
  path: option(z.string().min(1), "a path", { placeholder: "file" }),
  learningRate: option(z.number().min(0).default(0.5), "a rate"),
  steps: option(z.int().min(1).max(9).optional(), "some steps"),
  shuffle: option(z.boolean().default(true), "keep the order"),
  useDora: option(z.boolean().default(false), "use it"),
  targets: option(z.array(z.string().min(1)).default(["a"]), "names", { separator: "," }),
  files: option(z.array(z.string()).default([]), "files"),
  ids: option(z.array(z.int().min(0)).optional(), "ids", { separator: "," }),
  kind: option(z.enum(["red", "green"]).default("red"), "a kind"),
  fail: option(z.string().optional(), "how to fail"),
});

const echo: VerbDefinition<CommandMessages, typeof options> = {
  examples: [],
  options,
  async run({ fail, ...values }, { given, signal }) {
    if (fail === "usage") throw new UsageError(["a fault"]);
    if (fail === "field") throw new InputError(phrase`raise ${field("train.learningRate")}`);
    if (fail === "path") {
      throw Object.assign(new Error("ENOENT: no such file, open 'x'"), { code: "ENOENT", path: "x" });
    }
    if (fail === "abort") signal.throwIfAborted();
    if (fail === "bug") throw new TypeError("a bug");
    return { json: { ...values, given: [...given].sort() }, text: "done" };
  },
};

const verbs: VerbEntry<CommandMessages>[] = [
  { name: "echo", summary: "Give its options back", load: () => Promise.resolve(echo) },
  { name: "train", summary: "Train", load: () => Promise.resolve(echo) },
  { name: "rows show", summary: "Show rows", load: () => Promise.resolve(echo) },
  { name: "rows count", summary: "Count rows", load: () => Promise.resolve(echo) },
];

const messages: CommandMessages = {
  phrases: {},
  warning: "warning",
  interrupting: "interrupted",
  outputFault: (reason) => `no output: ${sayPhrase(reason)}`,
  timeLeft: (duration) => `${duration} left`,
};

/** Names that other programs have for the options. */
const elsewhere: Record<string, { key: string; value: string | null }> = {
  lr: { key: "learningRate", value: null },
  targetModules: { key: "targets", value: null },
  disableShuffling: { key: "shuffle", value: "false" },
  isRed: { key: "kind", value: "red" },
};

const program: Program<CommandMessages> = {
  name: "lathe",
  command: "lathe",
  summary: "Does little.",
  version: "1.2.3",
  verbs,
  languages: { en: messages, zh: messages },
  languageOfWords: () => "en",
  nameHere: (name) => elsewhere[camelCase(name.replace(/^--/, ""))] ?? null,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-command-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(words: string, config?: string, signal = new AbortController().signal) {
  let [stdout, stderr] = ["", ""];
  const sink = (take: (text: string) => void) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        take(chunk.toString());
        done();
      },
    });
  const io = {
    stdin: Readable.from([""]),
    stdout: sink((text) => (stdout += text)),
    stderr: sink((text) => (stderr += text)),
    env: {},
  };
  const path = join(folder, "run.yaml");
  if (config !== undefined) await writeFile(path, config);
  const list = words.split(" ").filter((word) => word !== "");
  const code = await runCommandLine(
    program,
    [...list, ...(config === undefined ? [] : ["--config", path])],
    io,
    signal,
  );
  return { code, stdout, stderr: stderr.replaceAll(path, "run.yaml") };
}

const resolved = async (words: string, config?: string): Promise<Record<string, unknown>> => {
  const { stdout, code, stderr } = await run(`echo --json ${words}`, config);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
};

it("the language is not that of words that are said to another program", async () => {
  const heard: string[][] = [];
  const stream = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const languageOfWords = (words: readonly string[]): string => {
    heard.push([...words]);
    return "en";
  };
  const io = { stdin: Readable.from([""]), stdout: stream, stderr: stream, env: {} };
  const { signal } = new AbortController();
  await runCommandLine({ ...program, languageOfWords }, ["odd", "a", "--", "--language", "zh"], io, signal);
  expect(heard.length).toBeGreaterThan(0);
  for (const words of heard) expect(words).toEqual(["odd", "a"]);
});

describe("options", () => {
  it("come from flags, then the file, then the defaults", async () => {
    const file = "path: of-the-file\nlearningRate: 3e-5\nkind: green\n";
    expect(await resolved("--path p")).toMatchObject({ learningRate: 0.5, kind: "red", given: ["path"] });
    expect(await resolved("", file)).toMatchObject({
      path: "of-the-file",
      learningRate: 3e-5,
      kind: "green",
    });
    expect(await resolved("--learning-rate 1e-2", file)).toMatchObject({
      path: "of-the-file",
      learningRate: 0.01,
      kind: "green",
      given: ["kind", "learningRate", "path"],
    });
  });

  it("are read as their schema wants them", async () => {
    expect(
      await resolved(
        "--path 12 --no-shuffle --use-dora --targets b,c --targets d --files x y --files z --ids 0,7",
      ),
    ).toMatchObject({
      path: "12",
      shuffle: false,
      useDora: true,
      targets: ["b", "c", "d"],
      files: ["x", "y", "z"],
      ids: [0, 7],
    });
  });

  it("of the file can be undone by flags, booleans included", async () => {
    const file = "path: p\nshuffle: false\nuseDora: true\n";
    expect(await resolved("", file)).toMatchObject({ shuffle: false, useDora: true });
    expect(await resolved("--shuffle --no-use-dora", file)).toMatchObject({ shuffle: true, useDora: false });
  });

  it("may be spelled in the file as in the help", async () => {
    expect(await resolved("", "path: p\nlearning-rate: 1\nuse_dora: true\n")).toMatchObject({
      learningRate: 1,
      useDora: true,
    });
  });

  it("may lie in a JSON file, and a null there stands for nothing", async () => {
    expect(await resolved("", '{"path": "p", "learningRate": 2, "ids": null}')).toMatchObject({
      learningRate: 2,
    });
  });
});

describe("faults", () => {
  it.each([
    ["", undefined, "--path file is required"],
    ["--path p --steps 0", undefined, "--steps: expected a whole number from 1 to 9, got 0"],
    ["--path p --steps 1.5", undefined, "--steps: expected a whole number from 1 to 9, got 1.5"],
    ["--path p --learning-rate -1", undefined, "--learning-rate: expected a number from 0, got -1"],
    ["--path p --learning-rate fast", undefined, '--learning-rate: expected a number from 0, got "fast"'],
    ["--path p --learning-rate 0x10", undefined, '--learning-rate: expected a number from 0, got "0x10"'],
    [
      "--path p --learning-rate Infinity",
      undefined,
      '--learning-rate: expected a number from 0, got "Infinity"',
    ],
    ["--path p --kind blue", undefined, '--kind: expected one of red, green, got "blue"'],
    ["--path p --ids 1,x", undefined, '--ids: expected a list, each a whole number from 0, got [1,"x"]'],
    [
      "--path p --targets a,,b",
      undefined,
      '--targets: expected a list, each a text that is not empty, got ["a","","b"]',
    ],
    ["--path p --lerning-rate 1", undefined, "unknown flag --lerning-rate; did you mean --learning-rate?"],
    ["--path p --lr 1", undefined, "unknown flag --lr; here that is --learning-rate"],
    ["--path p --lr=1e-4", undefined, "unknown flag --lr; here that is --learning-rate"],
    ["--path p --target_modules a", undefined, "unknown flag --target_modules; here that is --targets"],
    [
      "--path p --disable-shuffling",
      undefined,
      "unknown flag --disable-shuffling; here that is --no-shuffle",
    ],
    ["--path p --is-red", undefined, "unknown flag --is-red; here that is --kind red"],
    ["--path p --steps", undefined, "--steps <n>: the value is missing"],
    ["--path p stray", undefined, "unexpected argument stray: options have names"],
    ["--path p", "lerningRate: 1", 'run.yaml: unknown key "lerningRate"; did you mean learningRate?'],
    ["--path p", "lr: 1", 'run.yaml: unknown key "lr"; here that is learningRate'],
    [
      "--path p",
      "disable_shuffling: yes",
      'run.yaml: unknown key "disable_shuffling"; here that is shuffle: false',
    ],
    ["--path p", "completelyOther: 1", 'run.yaml: unknown key "completelyOther"'],
    ["--path p", "__proto__: {a: 1}", 'run.yaml: unknown key "__proto__"'],
    [
      "--path p",
      "steps: 1\nsteps: 2",
      "run.yaml: expected YAML: “Map keys must be unique at line 2, column 1”",
    ],
    ["--path p", "use-dora: true\nuseDora: true", 'run.yaml: key "useDora" is there twice, in two spellings'],
    [
      "--path p",
      "steps: !!js/function x",
      "run.yaml: expected YAML: “Unresolved tag: tag:yaml.org,2002:js/function at line 1, column 8”",
    ],
    ["--path p", "steps: [1", "run.yaml: expected YAML"],
    ["--path p", "- 1", "run.yaml: expected a mapping from options to values"],
    ["--path p", "steps: ten", 'run.yaml: key "steps": expected a whole number from 1 to 9, got "ten"'],
    [
      "--path p",
      "learningRate: .inf",
      'run.yaml: key "learningRate": expected a number from 0, got Infinity',
    ],
    ["--path p --config no-such.yaml", undefined, "no-such.yaml: no such file"],
    ["--path p --language fr", undefined, "--language: expected one of en, zh, got fr"],
  ])("%s, file %j: %s", async (words, config, message) => {
    const { code, stdout, stderr } = await run(`echo ${words}`, config);
    expect(stderr.split("\n")[0]).toContain(`lathe: ${message}`);
    expect(code).toBe(2);
    expect(stdout).toBe("");
  });

  it("are told all at once", async () => {
    const { stderr } = await run("echo --steps 0 --kind blue");
    expect(stderr).toContain("--path file is required; --steps: expected");
    expect(stderr).toContain("; --kind: expected one of");
  });

  it("of an alias bomb end before it is expanded", async () => {
    const levels = Array.from(
      { length: 12 },
      (_, n) => `l${n + 1}: &l${n + 1} [${Array(9).fill(`*l${n}`).join(", ")}]`,
    );
    const { code, stderr } = await run("echo --path p", `l0: &l0 [x]\n${levels.join("\n")}\n`);
    expect(stderr).toContain("run.yaml");
    expect(code).toBe(2);
  });

  it("of a file that is too large end before it is read", async () => {
    const { code, stderr } = await run("echo --path p", `# ${"x".repeat(1_000_001)}`);
    expect(stderr).toContain("run.yaml: expected at most 1000000 bytes");
    expect(code).toBe(2);
  });
});

describe("verbs", () => {
  it.each([
    ["ecko", "unknown verb ecko; did you mean echo?"],
    ["trian", "unknown verb trian; did you mean train?"],
    ["zzzzzzzz", "unknown verb zzzzzzzz; lathe --help lists the verbs"],
    ["--halp", "unknown flag --halp; did you mean --help?"],
    ["schema", "lathe schema VERB: expected the name of a verb"],
  ])("%s: %s", async (words, message) => {
    const { code, stderr } = await run(words);
    expect(stderr).toContain(`lathe: ${message}`);
    expect(code).toBe(2);
  });

  it("are listed where none is named, which is no success", async () => {
    const { code, stderr, stdout } = await run("");
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^ +echo +Give its options back$/m);
    expect(await run("--help")).toMatchObject({ code: 0, stdout: stderr });
    expect(await run("help")).toMatchObject({ code: 0, stdout: stderr });
  });

  it("are listed by their first word where they have two", async () => {
    const { code, stdout } = await run("rows --help");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +rows show +Show rows$/m);
    expect(stdout).toMatch(/^ +rows count +Count rows$/m);
    expect(stdout).not.toContain("echo");
    for (const words of ["help rows", "rows -h", "rows --language zh --help"]) {
      expect(await run(words)).toMatchObject({ code: 0, stdout });
    }
    expect(await run("rows")).toMatchObject({ code: 2, stdout: "" });
    expect((await run("row --help")).code).toBe(2);
  });

  it("have a help and a schema, both from their options", async () => {
    const { stdout } = await run("echo --help");
    expect(await run("help echo")).toMatchObject({ code: 0, stdout });
    expect(stdout).toContain("--learning-rate <x>");
    expect(stdout).toContain("--steps <n>");
    expect(stdout).toContain("--kind <name>");
    expect(stdout).toContain("--fail <text>");
    expect(stdout).toContain("--path <file>");
    expect(stdout).toContain("--no-shuffle");
    expect(stdout).not.toContain("--no-use-dora");
    const schema = await run("schema echo");
    expect(await run("echo --print-schema")).toEqual(schema);
    expect(JSON.parse(schema.stdout)).toMatchObject({
      title: "lathe echo",
      required: ["path"],
      type: "object",
      additionalProperties: false,
      properties: { learningRate: { type: "number", minimum: 0, default: 0.5, description: "a rate" } },
    });
  });

  it("show the version", async () => {
    expect((await run("--version")).stdout).toBe("1.2.3\n");
  });
});

describe("the end", () => {
  it.each([
    ["usage", 2, { name: "UsageError", message: "a fault", faults: ["a fault"], verb: null }],
    ["path", 2, { name: "Error", message: "ENOENT: no such file, open 'x'", code: "ENOENT", path: "x" }],
    ["bug", 1, { name: "TypeError", message: "a bug" }],
  ])("by fault %s is exit code %i, and an object with --json", async (fail, code, error) => {
    const result = await run(`echo --path p --json --fail ${fail}`);
    expect(result.code).toBe(code);
    expect(result.stdout.split("\n")).toHaveLength(2);
    expect(JSON.parse(result.stdout)).toEqual({ error });
    expect(result.stderr).toBe(`lathe: ${error.message}\n`);
    expect((await run(`echo --path p --fail ${fail}`)).stdout).toBe("");
  });

  it("by a fault that mentions a field names its flag to people, and the field to programs", async () => {
    const { code, stdout, stderr } = await run("echo --path p --json --fail field");
    expect(code).toBe(2);
    expect(stderr).toBe("lathe: raise --learning-rate\n");
    const error = { name: "InputError", message: "raise train.learningRate" };
    expect(JSON.parse(stdout)).toEqual({ error });
  });

  it("by a fault of the command line is an object too", async () => {
    const { stdout } = await run("echo --json --steps 0");
    expect(JSON.parse(stdout).error).toMatchObject({ name: "UsageError", verb: "echo" });
  });

  it("shows where an unexpected error came from when asked", async () => {
    expect((await run("echo --path p --fail bug --verbose")).stderr).toContain("run-command-line.test.ts");
    expect((await run("echo --path p --fail usage --verbose")).stderr).not.toContain(
      "run-command-line.test.ts",
    );
  });

  it("by an interrupt is exit code 130", async () => {
    expect((await run("echo --path p --fail abort", undefined, AbortSignal.abort())).code).toBe(130);
  });

  it("in success is text, or one object on the last line", async () => {
    expect(await run("echo --path p")).toEqual({ code: 0, stdout: "done\n", stderr: "" });
  });
});
