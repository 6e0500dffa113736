import { threefry2x32 } from "@lathe/kernels";
import { type Command, Option } from "commander";
import { basename } from "node:path";
import { median, quantile } from "../measure.js";
import { cacheFlag, cacheFolder, saveFlag, sizeFlag, whole } from "../shared/flags.js";
import { modelSizes, type ModelSize } from "../shared/model-sizes.js";
import { publish } from "../shared/report.js";
import { askCompletion, type CompletionQuestion } from "./ask-completion.js";
import { type LatheServer, startLatheServer } from "./lathe-server.js";
import { randomServedFolder } from "./random-served-folder.js";

/** How many times the tokens a second of one client all clients together are to get. */
const LEAST_GAIN = 3;
/** How many times as long as on an idle server a first token may take beside other clients. */
const LARGEST_DELAY = 2;

/** New tokens of replies that only keep places taken. */
const LONG = 2048;

interface ServeFlags {
  readonly size: ModelSize;
  readonly quantize: string;
  readonly clients: number;
  readonly prompt: number;
  readonly tokens: number;
  readonly shortPrompts: number;
  readonly rounds: number;
  readonly cache: string;
  readonly save?: string;
}

/** Adds `bench serve`. */
export function addServeCommand(program: Command): void {
  program
    .command("serve")
    .description(
      `Tokens a second of one client and of many at once, and the first token of short prompts on an idle and a busy server; ` +
        `fails below ${LEAST_GAIN} times the tokens and above ${LARGEST_DELAY} times the wait`,
    )
    .addOption(sizeFlag("30m"))
    .addOption(new Option("--quantize <format>", "frozen weights").choices(["none", "int8"]).default("int8"))
    .option("--clients <count>", "clients at once", whole(2), 8)
    .option("--prompt <tokens>", "tokens of a short prompt", whole(1), 16)
    .option("--tokens <count>", "new tokens of each reply", whole(1), 128)
    .option("--short-prompts <count>", "short prompts of each kind a round", whole(1), 20)
    .option("--rounds <times>", "rounds measured, after one that is not", whole(1), 3)
    .addOption(cacheFlag())
    .addOption(saveFlag())
    .action(runServe);
}

/** Tokens that clients got, and what they cost. */
interface Pace {
  readonly tokensPerSecond: number;
  /** By the server's own processor time, which other programs on the machine hardly change. */
  readonly tokensPerProcessorSecond: number;
}

/** One measured round. */
interface Round {
  readonly alone: Pace;
  readonly together: Pace;
  /** Milliseconds to the first text of short prompts. */
  readonly idle: readonly number[];
  readonly busy: readonly number[];
}

class Clients {
  #asked = 0;

  constructor(
    readonly server: LatheServer,
    readonly flags: ServeFlags,
    readonly model: string,
  ) {}

  /** A question that no other begins like, so that nothing of it is kept. */
  question(maxTokens: number, signal?: AbortSignal): CompletionQuestion {
    const { size, prompt } = this.flags;
    const number = ++this.#asked;
    const ids = Array.from({ length: prompt }, (_, place) => {
      return threefry2x32([number, 7], [place, 0])[0] % modelSizes[size].vocabularySize;
    });
    return { model: this.model, prompt: ids, seed: number, maxTokens, ...(signal ? { signal } : {}) };
  }

  /** So many clients at once with a reply each. */
  async pace(clients: number): Promise<Pace> {
    const { server, flags } = this;
    const before = (await server.metrics()).get("process_cpu_seconds_total")!;
    const started = performance.now();
    const replies = await Promise.all(
      Array.from({ length: clients }, () => askCompletion(server.url, this.question(flags.tokens))),
    );
    const seconds = (performance.now() - started) / 1000;
    const processor = (await server.metrics()).get("process_cpu_seconds_total")! - before;
    const tokens = replies.reduce((sum, reply) => sum + reply.tokens, 0);
    return { tokensPerSecond: tokens / seconds, tokensPerProcessorSecond: tokens / processor };
  }

  /** Short prompts one after the other. @returns milliseconds to the first text of each */
  async firstTexts(): Promise<number[]> {
    const times: number[] = [];
    for (let count = 0; count < this.flags.shortPrompts; count++) {
      times.push((await askCompletion(this.server.url, this.question(1))).firstText);
    }
    return times;
  }

  /** Short prompts while all other places are taken by replies that go on. */
  async busyFirstTexts(): Promise<number[]> {
    const leaving = new AbortController();
    const others = Array.from({ length: this.flags.clients - 1 }, async () => {
      while (!leaving.signal.aborted) {
        await askCompletion(this.server.url, this.question(LONG, leaving.signal)).catch((error: unknown) => {
          if (!leaving.signal.aborted) throw error;
        });
      }
    });
    while ((await this.server.metrics()).get("lathe_replies_running")! < others.length);
    const times = await this.firstTexts();
    leaving.abort();
    await Promise.all(others);
    while ((await this.server.metrics()).get("lathe_replies_running")! > 0);
    return times;
  }

  async round(): Promise<Round> {
    return {
      alone: await this.pace(1),
      together: await this.pace(this.flags.clients),
      idle: await this.firstTexts(),
      busy: await this.busyFirstTexts(),
    };
  }
}

async function runServe(flags: ServeFlags): Promise<void> {
  const { size, quantize, clients, prompt, tokens, rounds, save } = flags;
  const cache = await cacheFolder(flags);
  const folder = await randomServedFolder(cache, size);
  const server = await startLatheServer([
    ...["--model", folder, "--quantize", quantize, "--batch-size", String(clients)],
    ...["--cache-tokens", "65536"],
  ]);
  const measured: Round[] = [];
  try {
    const all = new Clients(server, flags, basename(folder));
    await all.round();
    for (let round = 0; round < rounds; round++) measured.push(await all.round());
  } finally {
    await server.stop();
  }
  const paces = (["alone", "together"] as const).map((kind) => ({
    tokensPerSecond: median(measured.map((round) => round[kind].tokensPerSecond)),
    tokensPerProcessorSecond: median(measured.map((round) => round[kind].tokensPerProcessorSecond)),
  }));
  const [alone, together] = paces;
  const [idle, busy] = (["idle", "busy"] as const).map((kind) => {
    const sorted = measured.flatMap((round) => round[kind]).toSorted((a, b) => a - b);
    return { median: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) };
  });
  const gain = together.tokensPerSecond / alone.tokensPerSecond;
  const delay = busy.median / idle.median;
  const passed = gain >= LEAST_GAIN && delay <= LARGEST_DELAY;
  await publish(
    {
      name: `serve-${size}-${quantize}-${clients}`,
      title: `${clients} clients of one server, model ${size} in ${quantize}, prompts of ${prompt} tokens, replies of ${tokens}`,
      result: { alone, together, gain, firstToken: { idle, busy, delay }, passed },
      tables: [
        {
          columns: ["clients", "tokens/s", "tokens/s of processor time"],
          rows: [
            ["1", alone],
            [String(clients), together],
          ].map(([label, pace]) => [
            label as string,
            (pace as Pace).tokensPerSecond.toFixed(1),
            (pace as Pace).tokensPerProcessorSecond.toFixed(1),
          ]),
        },
        {
          columns: ["first token of a short prompt", "median ms", "95 % ms"],
          rows: [
            ["idle", idle],
            [`beside ${clients - 1} replies`, busy],
          ].map(([label, time]) => {
            const { median, p95 } = time as { median: number; p95: number };
            return [label as string, median.toFixed(1), p95.toFixed(1)];
          }),
        },
      ],
      notes: [
        `${gain.toFixed(2)} times the tokens of one client (${LEAST_GAIN} wanted), the first token after ${delay.toFixed(2)} times as long (${LARGEST_DELAY} allowed).`,
        "Over HTTP in streams of events; clients share the machine with the server. Medians of alternating rounds.",
      ],
    },
    { case: "serve", options: flags, python: null, save },
  );
  if (!passed) process.exitCode = 1;
}
