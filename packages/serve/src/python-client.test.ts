/** OpenAI's client of Python. Runs where Python has it: python3, or the interpreter in LATHE_PYTHON. */
import { execFile, spawnSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { serveModel } from "./serve-model.js";
import { chatModel } from "./testing/folders.js";

const { LATHE_PYTHON: named = "" } = process.env;
const python = named === "" ? "python3" : named;
const finds = "import importlib.util as u, sys; sys.exit(0 if u.find_spec('openai') else 1)";
const hasClient = spawnSync(python, ["-c", finds]).status === 0;
const script = fileURLToPath(new URL("../../../scripts/reference/openai_client.py", import.meta.url));

interface Asked {
  readonly text: string;
  readonly drawn: readonly string[];
  readonly likely: readonly (readonly [number, readonly number[]])[];
}

it.skipIf(!hasClient)(
  "OpenAI's client of Python is answered, streamed to, held to a schema and refused as that of JavaScript",
  async () => {
    const server = await serveModel({
      model: chatModel,
      name: "base",
      port: 0,
      engine: "native",
      precision: "fp32",
      apiKey: "secret",
    });
    try {
      const { stdout } = await promisify(execFile)(python, [script, `${server.url}/v1`, "secret", "base"]);
      const asked = JSON.parse(stdout) as Asked;
      expect(asked).toMatchObject({
        models: ["base"],
        streamed: asked.text,
        tokens: [8, 8],
        stopped: [asked.text.slice(0, 2), "stop"],
        structured: { kind: expect.stringMatching(/^(order|refund)$/) as string },
        completed: "length",
        refused: {
          model: { type: "NotFoundError", status: 404 },
          key: { type: "AuthenticationError", status: 401 },
          multiples: {
            type: "BadRequestError",
            status: 400,
            message: expect.stringContaining("multipleOf") as string,
          },
        },
      });
      const [first, again, other] = asked.drawn;
      expect(again).toBe(first);
      expect(other).not.toBe(first);
      expect(asked.likely).toHaveLength(8);
      for (const [chosen, top] of asked.likely) {
        expect(top).toHaveLength(2);
        expect(chosen).toBe(top[0]);
        expect(top[0]).toBeGreaterThanOrEqual(top[1]);
      }
      // The reply that the client left has given its place back.
      const health = async (): Promise<unknown> => await (await fetch(`${server.url}/health`)).json();
      for (let tries = 0; tries < 200 && ((await health()) as { running: number }).running > 0; tries++) {
        await delay(50);
      }
      expect(await health()).toEqual({ status: "ok", running: 0, waiting: 0 });
    } finally {
      await server.stop();
    }
  },
  300_000,
);
