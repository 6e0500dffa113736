/** A model that has learnt the answers of a judge by heart gives its verdicts again, served by the built `lathe serve`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { temporaryFolder, writeJsonl } from "../testing/folders.js";
import { type Outcome, runLathe } from "../testing/run-lathe.js";

const lathe = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const model = fileURLToPath(new URL("../../../../examples/customer-service/base-model/", import.meta.url));

const base = ["好的，75元。", "不客气"];
const tuned = ["75元", "再见"];

/** What the judge says: it has no score for one reply, and of one pair it prefers what stands first. */
function verdictOn({ A, reply }: Readonly<Record<string, string>>): string {
  if (reply !== undefined)
    return { [base[0]]: "[[8]]", [tuned[0]]: "[[3]]", [base[1]]: "[[6]]" }[reply] ?? "不知道";
  return A === tuned[0] ? "[[B]]" : "[[A]]";
}

/** A conversation as rows of training have it. */
interface Row {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

/** The judge as a server, which keeps what it was asked and what it said. */
async function teacher(): Promise<{ readonly url: string; readonly rows: Row[] }> {
  const rows: Row[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const { messages } = JSON.parse(Buffer.concat(parts).toString()) as Row;
      const content = verdictOn(JSON.parse(messages[1].content) as Record<string, string>);
      rows.push({ messages: [...messages, { role: "assistant", content }] });
      response.end(JSON.stringify({ choices: [{ message: { content } }] }));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, rows };
}

/** The built command, serving the model with an adapter. */
async function served(adapter: string): Promise<string> {
  const words = ["serve", "--model", model, "--name", "base", "--adapter", `pupil=${adapter}`, "--port", "0"];
  const child = spawn(process.execPath, [lathe, ...words], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  let said = "";
  return await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      said += piece;
      const [found] = /http:\/\/[\w.:[\]]+/.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(said)));
  });
}

it("lathe eval has the verdicts of lathe serve: scores, both orders, answers without one", async () => {
  if (!existsSync(lathe)) throw new Error("build the command first: npm run build");
  const folder = await temporaryFolder();
  const files = await Promise.all(
    Object.entries({ base, tuned, wanted: ["好的，75元。", "不客气。"] }).map(async ([name, texts]) => {
      const path = join(folder, `${name}.txt`);
      await writeFile(path, `${texts.join("\n")}\n`);
      return path;
    }),
  );
  const judgedBy = async (url: string, judge: string): Promise<Outcome> => {
    const words = [
      "eval",
      "--predictions",
      files[0],
      files[1],
      "--references",
      files[2],
      "--metrics",
      "chrf",
    ];
    const asked = ["--judge", `${url}/v1`, "--judge-model", judge, "--judge-tokens", "40", "--json"];
    return await runLathe([...words, ...asked]);
  };

  const { url, rows } = await teacher();
  const expected = await judgedBy(url, "pupil");
  expect(expected.code, expected.stderr).toBe(0);
  // Two replies a row, and the pair in both orders.
  expect(rows).toHaveLength(8);
  expect(expected.json).toMatchObject({
    systems: [
      { scores: { "judge-score": { score: 7 } }, details: { "judge-score": { failures: 0 } } },
      {
        scores: { "judge-score": { score: 3 }, "judge-preference": { score: 25 } },
        details: {
          "judge-score": { failures: 1 },
          "judge-preference": { wins: 0, ties: 1, losses: 1, disagreements: 1, failures: 0 },
        },
      },
    ],
    judge: { answers: 8, asked: 8, failures: 1, pairs: 2, disagreements: 1 },
  });

  const data = await writeJsonl(join(folder, "answers.jsonl"), rows);
  const output = join(folder, "run");
  const words = [
    "train",
    "--model",
    model,
    "--data",
    data,
    "--output",
    output,
    "--samples",
    "0",
    "--seed",
    "3",
  ];
  const steps = ["--max-steps", "60", "--batch-size", "8", "--gradient-accumulation", "1"];
  const how = ["--learning-rate", "0.004", "--targets", "all-linear"];
  const trained = await runLathe([...words, ...steps, ...how]);
  expect(trained.code, trained.stderr).toBe(0);

  const { code, stderr, json } = await judgedBy(await served(join(output, "adapter")), "pupil");
  expect(code, stderr).toBe(0);
  expect(json!["systems"]).toEqual(expected.json!["systems"]);
  expect(json!["comparisons"]).toEqual(expected.json!["comparisons"]);
  expect(json!["judge"]).toMatchObject({ answers: 8, asked: 8, failures: 1, pairs: 2, disagreements: 1 });
}, 300_000);
