import { basename } from "node:path";
import { threefry2x32 } from "@lathe/kernels";
import type { Command } from "commander";
import { cacheFlag, cacheFolder, saveFlag, sizeFlag, whole } from "../shared/flags.js";
import { modelSizes, type ModelSize } from "../shared/model-sizes.js";
import { publish } from "../shared/report.js";
import { askCompletion } from "./ask-completion.js";
import { type LatheServer, startLatheServer } from "./lathe-server.js";
import { randomServedFolder } from "./random-served-folder.js";

/** How much more memory the server may hold in the last fifth of the requests than in the second. */
const LARGEST_GROWTH = 0.05;
/** Tokens of texts that are kept: few enough to be there in the first fifth. */
const CACHE_TOKENS = "8192";
/** Looks at the server over the whole run. */
const LOOKS = 50;
/** Milliseconds for which a reply that nobody waits for any longer may keep its place. */
const PATIENCE = 30_000;

const MEBIBYTE = 2 ** 20;

interface ServeSoakFlags {
  readonly size: ModelSize;
  readonly requests: number;
  readonly clients: number;
  readonly prompt: number;
  readonly tokens: number;
  readonly abortAfter: number;
  readonly seed: number;
  readonly cache: string;
  readonly save?: string;
}

/** Adds `bench serve-soak`. */
export function addServeSoakCommand(program: Command): void {
  program
    .command("serve-soak")
    .description(
      "Many requests to one server, a half of which go away at a random moment; fails where a place stays taken, a request gets " +
        "no answer, or memory grows",
    )
    .addOption(sizeFlag("tiny"))
    .option("--requests <count>", "requests in all", whole(LOOKS), 10_000)
    .option("--clients <count>", "clients at once", whole(1), 16)
    .option("--prompt <tokens>", "longest prompt", whole(1), 64)
    .option("--tokens <count>", "longest reply", whole(1), 32)
    .option("--abort-after <milliseconds>", "within which a client that goes away does so", whole(1), 100)
    .option("--seed <seed>", "of prompts, lengths and moments", whole(0), 7)
    .addOption(cacheFlag())
    .addOption(saveFlag())
    .action(runServeSoak);
}

/** How requests ended. */
interface Ends {
  finished: number;
  gone: number;
  /** With what the first of those that should not have failed did. */
  failures: string[];
}

/** A whole number from 0 to below the limit, of so many draws a request. */
const drawn = (seed: number, request: number, draw: number, limit: number): number =>
  threefry2x32([seed, request], [draw, 0])[0] % limit;

/** Asks once, and goes away where the draw says so. */
async function ask(
  url: string,
  model: string,
  number: number,
  flags: ServeSoakFlags,
  ends: Ends,
): Promise<void> {
  const { seed, size, prompt, tokens, abortAfter } = flags;
  const leaves = drawn(seed, number, 0, 2) === 1;
  const leaving = new AbortController();
  const timer = leaves ? setTimeout(() => leaving.abort(), drawn(seed, number, 1, abortAfter)) : undefined;
  const length = 1 + drawn(seed, number, 2, prompt);
  const ids = Array.from({ length }, (_, place) =>
    drawn(seed, number, 8 + place, modelSizes[size].vocabularySize),
  );
  const maxTokens = 1 + drawn(seed, number, 3, tokens);
  try {
    const { signal } = leaving;
    const reply = await askCompletion(url, { model, prompt: ids, seed: number, maxTokens, signal });
    if (reply.tokens === maxTokens) ends.finished++;
    else ends.failures.push(`request ${number}: ${reply.tokens} tokens of ${maxTokens}`);
  } catch (error) {
    if (leaving.signal.aborted) ends.gone++;
    else ends.failures.push(`request ${number}: ${String(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until no reply has or wants a place. @returns how many still do when patience ends */
async function placesTaken(server: LatheServer): Promise<number> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const metrics = await server.metrics();
    const taken = metrics.get("lathe_replies_running")! + metrics.get("lathe_replies_waiting")!;
    if (taken === 0 || performance.now() > end) return taken;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function runServeSoak(flags: ServeSoakFlags): Promise<void> {
  const { size, requests, clients, save } = flags;
  const cache = await cacheFolder(flags);
  const folder = await randomServedFolder(cache, size);
  const server = await startLatheServer([
    ...["--model", folder, "--batch-size", String(Math.ceil(clients / 2))],
    ...["--cache-tokens", CACHE_TOKENS],
  ]);
  const ends: Ends = { finished: 0, gone: 0, failures: [] };
  const looks: { readonly requests: number; readonly heldBytes: number }[] = [];
  let taken: number;
  let code: number | null;
  try {
    let next = 0;
    let done = 0;
    let looking = Promise.resolve();
    const every = Math.floor(requests / LOOKS);
    const look = async (at: number): Promise<void> => {
      const heldBytes = heldOf(await server.metrics());
      looks.push({ requests: at, heldBytes });
      if (looks.length % 5 === 0) console.error(`${at} requests: ${(heldBytes / MEBIBYTE).toFixed(0)} MiB`);
    };
    await Promise.all(
      Array.from({ length: clients }, async () => {
        while (next < requests) {
          await ask(server.url, basename(folder), next++, flags, ends);
          const at = ++done;
          if (at % every === 0) looking = looking.then(() => look(at));
        }
      }),
    );
    await looking;
    taken = await placesTaken(server);
  } finally {
    code = await server.stop();
  }
  const growth = growthOf(looks.map(({ heldBytes }) => heldBytes));
  const passed = taken === 0 && ends.failures.length === 0 && growth <= LARGEST_GROWTH && code === 0;
  const { finished, gone, failures } = ends;
  await publish(
    {
      name: `serve-soak-${size}-${requests}`,
      title: `${requests} requests of ${clients} clients to one server, a half of which go away, model ${size}`,
      result: {
        finished,
        gone,
        failures: failures.slice(0, 20),
        taken,
        exitCode: code,
        looks,
        growth,
        passed,
      },
      tables: [
        {
          columns: ["requests", "held MiB"],
          rows: looks
            .filter((_, place) => place % 5 === 4)
            .map((one) => [String(one.requests), (one.heldBytes / MEBIBYTE).toFixed(0)]),
        },
      ],
      notes: [
        `${finished} replies came to their end, ${gone} clients went away, ${failures.length} requests failed; ${taken} places stayed taken.`,
        `The least memory held in the last fifth of the requests is ${(100 * growth).toFixed(1)} % above that of the second; at most ${100 * LARGEST_GROWTH} % pass.`,
        ...failures.slice(0, 5),
      ],
    },
    { case: "serve-soak", options: flags, python: null, save },
  );
  if (!passed) process.exitCode = 1;
}

/** Resident memory without what JavaScript's heap keeps for later. */
const heldOf = (metrics: ReadonlyMap<string, number>): number =>
  metrics.get("process_resident_memory_bytes")! -
  metrics.get("nodejs_heap_size_total_bytes")! +
  metrics.get("nodejs_heap_size_used_bytes")!;

/** How much the least of the last fifth of numbers is above that of the second fifth: between collections of garbage they rise and fall. */
export function growthOf(numbers: readonly number[]): number {
  const fifth = Math.max(1, Math.floor(numbers.length / 5));
  return Math.min(...numbers.slice(-fifth)) / Math.min(...numbers.slice(fifth, 2 * fifth)) - 1;
}
