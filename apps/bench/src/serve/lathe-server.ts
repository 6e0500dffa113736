import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const lathe = fileURLToPath(new URL("../../../../apps/cli/dist/main.js", import.meta.url));

/** A server of the command in a process of its own. */
export interface LatheServer {
  readonly url: string;
  /** Values of its metrics by their names, those with labels left out. */
  metrics(): Promise<ReadonlyMap<string, number>>;
  /** Asks it to stop. @returns its exit code */
  stop(): Promise<number | null>;
}

/**
 * Starts `lathe serve` on a port that is free.
 * @throws Error when it ends before it listens
 */
export async function startLatheServer(words: readonly string[]): Promise<LatheServer> {
  const server = spawn(process.execPath, [lathe, "serve", "--port", "0", ...words], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(server, "exit") as Promise<[code: number | null]>;
  const endsWithUs = (): void => void server.kill("SIGKILL");
  process.once("exit", endsWithUs);
  let text = "";
  const listening = new Promise<string>((resolve) => {
    server.stderr.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      const [url] = /http:\/\/[\w.:[\]]+/.exec(text) ?? [];
      if (url !== undefined) resolve(url);
    });
  });
  const url = await Promise.race([
    listening,
    ended.then(() => {
      throw new Error(`lathe serve ended:\n${text}`);
    }),
  ]);
  return {
    url,
    async metrics() {
      const page = await (await fetch(`${url}/metrics`)).text();
      return new Map(
        Array.from(page.matchAll(/^(\w+) ([\d.e+-]+)$/gm), ([, name, value]) => [name, Number(value)]),
      );
    },
    async stop() {
      server.kill("SIGTERM");
      const [code] = await ended;
      process.removeListener("exit", endsWithUs);
      return code;
    },
  };
}
