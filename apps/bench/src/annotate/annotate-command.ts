import type { Command } from "commander";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { quantile } from "../measure.js";
import { saveFlag, whole } from "../shared/flags.js";
import { publish } from "../shared/report.js";

/** Milliseconds within which 95 of 100 requests are to be answered. */
const LIMIT = 100;

const lathe = fileURLToPath(new URL("../../../../apps/cli/dist/main.js", import.meta.url));

interface AnnotateFlags {
  readonly annotators: number;
  readonly answers: number;
  readonly pause: number;
  readonly save?: string;
}

/** Adds `bench annotate`. */
export function addAnnotateCommand(program: Command): void {
  program
    .command("annotate")
    .description(
      `How long annotators wait for the room when many work at once; fails where one request in twenty takes ${LIMIT} ms`,
    )
    .option("--annotators <count>", "people at once", whole(1), 50)
    .option("--answers <count>", "answers of each", whole(1), 20)
    .option("--pause <ms>", "longest pause before an answer, each drawn anew", whole(0), 1000)
    .addOption(saveFlag())
    .action(runAnnotate);
}

interface TaskReply {
  readonly task: { readonly position: number; readonly replies: readonly string[] };
}

/** Milliseconds of requests, by what they ask. */
interface Waits {
  readonly task: number[];
  readonly answer: number[];
}

/** One annotator: a task, a pause, an answer, again and again. */
async function judge(link: string, { answers, pause }: AnnotateFlags, waits: Waits): Promise<void> {
  const [origin, secret] = link.split("/#");
  const ask = async (kind: keyof Waits, path: string, body?: unknown): Promise<unknown> => {
    const started = performance.now();
    const reply = await fetch(origin + path, {
      headers: { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
    const value: unknown = await reply.json();
    waits[kind].push(performance.now() - started);
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${JSON.stringify(value)}`);
    return value;
  };
  for (let count = 0; count < answers; count++) {
    const { task } = (await ask("task", "/api/tasks/next")) as TaskReply;
    await setTimeout(Math.random() * pause);
    await ask("answer", "/api/answers", {
      client: `bench:${secret.slice(0, 8)}:${task.position}`,
      position: task.position,
      revision: 0,
      seconds: 1,
      content: {
        ratings: task.replies.map(() => ({ fluency: 3, relevance: 4 })),
        preferences: [0],
        comment: "",
        flags: [],
      },
    });
  }
}

async function runAnnotate(flags: AnnotateFlags): Promise<void> {
  const { annotators, answers, pause, save } = flags;
  const folder = await mkdtemp(join(tmpdir(), "lathe-bench-annotate-"));
  try {
    const files = ["base", "tuned"].map((name) => join(folder, `${name}.jsonl`));
    for (const file of files) {
      const rows = Array.from({ length: answers }, (_, id) => ({
        id,
        prompt: "A question of some length? ".repeat(10),
        response: "A reply of some length. ".repeat(40),
      }));
      await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    }
    const room = spawn(
      process.execPath,
      [
        ...[lathe, "annotate", "--responses", ...files, "--output", join(folder, "study")],
        ...["--annotators", String(annotators), "--repeats", "0"],
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const ended = once(room, "exit");
    const waits: Waits = { task: [], answer: [] };
    try {
      let text = "";
      let links: string[] = [];
      for await (const chunk of room.stdout) {
        text += String(chunk);
        links = [...text.matchAll(/^annotator-\d+: (\S+)\n/gm)].map(([, link]) => link);
        if (links.length === annotators) break;
      }
      await Promise.all(links.map((link) => judge(link, flags, waits)));
    } finally {
      room.kill("SIGTERM");
      await ended;
    }
    const kinds = (["task", "answer"] as const).map((kind) => {
      const sorted = waits[kind].toSorted((a, b) => a - b);
      return {
        kind,
        count: sorted.length,
        p50: quantile(sorted, 0.5),
        p95: quantile(sorted, 0.95),
        most: sorted[sorted.length - 1],
      };
    });
    const passed = kinds.every(({ p95 }) => p95 < LIMIT);
    await publish(
      {
        name: `annotate-${annotators}`,
        title: `${annotators} annotators at once, ${answers} answers each, up to ${pause} ms between a task and its answer`,
        result: { requests: kinds, passed },
        tables: [
          {
            columns: ["request", "count", "median ms", "95 % ms", "most ms"],
            rows: kinds.map(({ kind, count, p50, p95, most }) => [
              kind,
              String(count),
              ...[p50, p95, most].map((value) => value.toFixed(1)),
            ]),
          },
        ],
        notes: [
          "Measured by the annotators, who share a process and the machine with the room. An answer is synced before it is acknowledged.",
        ],
      },
      { case: "annotate", options: { annotators, answers, pause }, python: null, save },
    );
    if (!passed) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
