import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** What a judge was asked. */
export interface Asked {
  readonly headers: IncomingMessage["headers"];
  readonly body: {
    readonly model: string;
    readonly messages: readonly { readonly role: string; readonly content: string }[];
  };
  /** The second message, read. */
  readonly material: Readonly<Record<string, unknown>>;
}

/** What a judge answers: a text, or a whole answer; null says nothing at all until the other end hangs up. */
export type Answer =
  | string
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  | null;

/** A judge that runs here. */
export interface LocalJudge {
  readonly url: string;
  readonly asked: Asked[];
  /** Questions that were open at one time at most. */
  readonly mostOpen: () => number;
  readonly close: () => Promise<void>;
}

/** Starts a server that answers chat completions as it is told. @param answer is given the question's number, from 0 */
export async function startJudge(
  answer: (asked: Asked, number: number) => Answer | Promise<Answer>,
): Promise<LocalJudge> {
  const asked: Asked[] = [];
  let [open, most] = [0, 0];
  const server = createServer((request, response) => {
    void (async () => {
      most = Math.max(most, ++open);
      response.on("close", () => open--);
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const body = JSON.parse(Buffer.concat(parts).toString("utf8")) as Asked["body"];
      const material = JSON.parse(body.messages[1].content) as Record<string, unknown>;
      const one = { headers: request.headers, body, material };
      const said = await answer(one, asked.push(one) - 1);
      if (said === null) return;
      const usage = { prompt_tokens: 100, completion_tokens: 7 };
      const completion = (content: string): string =>
        JSON.stringify({ choices: [{ message: { role: "assistant", content } }], usage });
      const {
        status = 200,
        headers = {},
        body: text = "",
      } = typeof said === "string" ? { body: completion(said) } : said;
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    asked,
    mostOpen: () => most,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
