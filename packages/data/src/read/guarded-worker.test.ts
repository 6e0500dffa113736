/** What is wrong with bytes comes over from the thread that stumbled over them. */
import { damageOf, sayPhrase } from "@lathe/files";
import { expect, it } from "vitest";
import { GuardedWorker } from "./guarded-worker.js";

it.each([
  ["throw new Error('unsupported codec: LZO')", "its reader says “unsupported codec: LZO”"],
  ["undefined.type", "its structure does not hold together"],
  ["for (;;);", "its structure leads nowhere"],
])("is told of %s", async (body, expected) => {
  const worker = new GuardedWorker(`const answer = () => { ${body}; };`, null, { heapMegabytes: 64 });
  try {
    const thrown = await worker.request(null, 500).catch((error: unknown) => error);
    expect(sayPhrase(damageOf(thrown))).toBe(expected);
  } finally {
    await worker.close();
  }
});
