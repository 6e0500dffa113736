/** A thread runs the built package. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SeededRandom } from "../../testing/seeded-random.js";
import type * as Data from "../index.js";

const built = fileURLToPath(new URL("../../dist/index.js", import.meta.url));
let data: typeof Data;
let folder: string;
let tokenizer: Data.RowTokenizer;
let module: string;

/** A tokenizer of code points, with begin and end tokens, that a thread and the test each make for themselves. */
const MODULE = `
export const loadTokenizer = async (fault) => {
  if (fault === "load") throw new Error("cannot be loaded");
  return {
    encode(text) {
      if (fault === "encode" && text.includes("row ")) throw new Error("cannot be encoded");
      if (fault === "exit" && text.includes("row ")) process.exit(3);
      return Array.from(text, (character) => 2 + (character.codePointAt(0) % 65_000));
    },
    renderChat: (messages) => messages.map(({ role, content }) => role + ":" + content + ";").join(""),
    beginOfSequenceId: 0,
    endOfSequenceId: 1,
  };
};
`;

beforeAll(async () => {
  if (!existsSync(built)) throw new Error("build the packages first: npm run build");
  data = (await import(built)) as typeof Data;
  folder = await mkdtemp(join(tmpdir(), "lathe-threads-"));
  const file = join(folder, "tokenizer.mjs");
  await writeFile(file, MODULE);
  module = pathToFileURL(file).href;
  const made = (await import(module)) as { loadTokenizer: (fault: string) => Promise<Data.RowTokenizer> };
  tokenizer = await made.loadTokenizer("");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Rows of any length, some of them malformed, doubled, too long or without a reply. */
async function someRows(): Promise<string> {
  const random = new SeededRandom(11);
  const lines = Array.from({ length: 3000 }, (_, row) => {
    const kind = random.next();
    if (kind < 0.02) return "{";
    if (kind < 0.04) return JSON.stringify({ text: "twice" });
    const words = Array.from({ length: random.integer(1, 60) }, () => `字${random.integer(0, 999)}`);
    const input = `row ${row} ${words.join(" ")}`;
    if (kind < 0.06) return JSON.stringify({ messages: [{ role: "user", content: input }] });
    return JSON.stringify({ input, output: words.toReversed().join(kind < 0.5 ? " " : "") });
  });
  const file = join(folder, "rows.jsonl");
  await writeFile(file, lines.join("\n"));
  return file;
}

const options = (file: string, output: string, threads: number, fault = ""): Data.PrepareOptions => ({
  inputs: [file],
  output: join(folder, output),
  tokenizer,
  tokenizerSource: { module, load: "loadTokenizer", argument: fault },
  tokenizerThreads: threads,
  maxTokens: 400,
  overlong: "split-turns",
  rejectLimit: 0.2,
});

describe("threads that tokenise", () => {
  it("leave every byte as it is without them", async () => {
    const file = await someRows();
    const results = [];
    for (const threads of [0, 1, 2])
      results.push(await data.prepare(options(file, `out-${threads}`, threads)));
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    expect(results[0].rules).toMatchObject({ malformed: expect.any(Number) as number });
    const names = await readdir(join(folder, "out-0"));
    expect(names).toContain("train.arrow");
    for (const name of names) {
      const bytes = await readFile(join(folder, "out-0", name));
      for (const threads of [1, 2])
        expect(bytes.equals(await readFile(join(folder, `out-${threads}`, name))), name).toBe(true);
    }
  });

  it.each(["load", "encode", "exit"])(
    "end the run where one fails at %s, and leave nothing",
    async (fault) => {
      const file = await someRows();
      const given = options(file, `faulty-${fault}`, 2, fault);
      const slow: Data.PrepareOptions = { ...given, tokenizer: slowly(tokenizer) };
      await expect(data.prepare(slow)).rejects.toThrow(
        fault === "exit" ? "ended by itself (exit code 3)" : /cannot be (loaded|encoded)/,
      );
      expect(await readdir(folder)).not.toContain(`faulty-${fault}`);
    },
  );

  it("are gone once an aborted run has ended", async () => {
    const file = await someRows();
    const before = threadsOf();
    const stop = new AbortController();
    const run = data.prepare({
      ...options(file, "aborted", 2),
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(run).rejects.toThrow("aborted");
    expect(threadsOf()).toBe(before);
  });

  it("name the first row that is too long, in the order of the file", async () => {
    const file = join(folder, "long.jsonl");
    const row = (at: number): string =>
      JSON.stringify({ input: `row ${at}`, output: at % 700 === 699 ? "长".repeat(600) : `好${at}` });
    await writeFile(file, Array.from({ length: 2000 }, (_, at) => row(at)).join("\n"));
    const run = data.prepare({ ...options(file, "long", 2), overlong: "error" });
    await expect(run).rejects.toThrow(`${file}:700: the row has`);
  });
});

/** The same tokens, for which this thread sleeps so long that the others come to have rows. */
function slowly(given: Data.RowTokenizer): Data.RowTokenizer {
  const nothing = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  return {
    ...given,
    encode(text, how) {
      Atomics.wait(nothing, 0, 0, 5);
      return given.encode(text, how);
    },
  };
}

const threadsOf = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === "MessagePort" || name === "Worker").length;
