/** What follows `npm start --`, and what the quick start makes of what its steps say; the whole of it is a check of its own. */

import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { root } from "./pnpm.mjs";

// The example is plain JavaScript without types, as its readers would write it.
const partOf = async (name: string): Promise<any> =>
  import(pathToFileURL(join(root, "examples/customer-service", name)).href);
const { readArguments } = await partOf("arguments.mjs");
const { readResult } = await partOf("read-result.mjs");

const properties = {
  maxSteps: { type: "integer" },
  shuffle: { type: "boolean" },
  model: { type: "string" },
  resume: { type: "boolean" },
};

describe("arguments of the quick start", () => {
  it.each<[words: string[], output: string | undefined, trainFlags: string[]]>([
    [[], undefined, []],
    [["--output", "a b"], "a b", []],
    [["--output=a=b", "--max-steps=3"], "a=b", ["--max-steps", "3"]],
    [
      ["--no-shuffle", "--max-steps", "-3", "--shuffle"],
      undefined,
      ["--no-shuffle", "--max-steps", "-3", "--shuffle"],
    ],
    [["--output", "a", "--output", "b"], "b", []],
  ])("%j are an output and flags of training", (words, output, trainFlags) => {
    expect(readArguments(words, properties)).toEqual({ output, trainFlags });
  });

  it.each([
    [["more"], /^unexpected argument more/],
    [["--max-steps", "3", "4"], /^unexpected argument 4/],
    [["-x"], /^unexpected argument -x/],
    [["--"], /^unexpected argument --/],
    [["--max-step", "3"], /^unknown option --max-step;/],
    [["--__proto__", "3"], /^unknown option --__proto__;/],
    [["--no-max-steps"], /^unknown option --no-max-steps;/],
    [["--model", "x"], /^--model is chosen by the quick start/],
    [["--no-resume"], /^--no-resume is chosen by the quick start/],
    [["--max-steps"], /^--max-steps needs a value/],
    [["--output"], /^--output needs a value/],
  ])("%j are refused in a sentence", (words, sentence) => {
    const refused = (): unknown => readArguments(words, properties);
    expect(refused).toThrow(sentence);
    expect(refused).toThrow(expect.objectContaining({ code: 2 }));
  });
});

describe("the result of a step", () => {
  it("is the object on its last line", () => {
    expect(readResult("train", 'told on the way\n{"loss":1}\n')).toEqual({ loss: 1 });
  });

  it.each(["", "\n", "loss 1", '{"loss":1', "null", "3", '{"loss":1}\nand more'])(
    "is none in %j",
    (stdout) => {
      expect(() => readResult("train", stdout)).toThrow(/^lathe train ended well and wrote no JSON/);
    },
  );
});

it("npm start -- --help says what it does, in the language of the terminal, and sets nothing up", async () => {
  const help = async (env: Record<string, string>): Promise<string> => {
    const words = [join(root, "scripts/start.mjs"), "--help"];
    return (
      await promisify(execFile)(process.execPath, words, { env: { ...process.env, LC_ALL: "", ...env } })
    ).stdout;
  };
  expect(await help({ LANG: "en_US.UTF-8" })).toMatch(
    /^Usage: npm start[^]*--output DIR[^]*train --help lists them\.\n$/,
  );
  expect(await help({ LANG: "zh_CN.UTF-8" })).toMatch(/^用法：npm start[^]*--output DIR/);
});
