import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { localGroup } from "@lathe/distributed";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../testing/folders.js";
import { copiedRun } from "./copied-run.js";
import { sendFile } from "./send-file.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(await temporaryFolder(), "copies-"));
  vi.stubEnv("TMPDIR", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the folder of a rank that follows", () => {
  it("is gone when it is released, and what killed ranks left goes with the next one", async () => {
    const killed = await copiedRun();
    // A number above any that Linux gives stands for a process that has ended.
    const entry = (await readdir(folder))[0].replace(`-${process.pid}-`, "-4194305-");
    await mkdir(join(folder, entry));
    await writeFile(join(folder, entry, "optimizer.safetensors"), "x");
    const next = await copiedRun();
    expect(existsSync(join(folder, entry))).toBe(false);
    expect(await readdir(folder)).toHaveLength(2);
    await next.release();
    await killed.release();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("a file of the first rank", () => {
  it.each([0, 1, 7, 8, 21])("of %i bytes comes to the others whole, in pieces of seven", async (length) => {
    const from = join(folder, "from");
    const bytes = Uint8Array.from({ length }, (_, index) => index + 1);
    await writeFile(from, bytes);
    const sent: number[] = [];
    await Promise.all(
      localGroup(3).map(async (collective) => {
        const { rank } = collective;
        const broadcast: typeof collective.broadcast = (values, root) => {
          if (rank === 0 && values instanceof Uint8Array) sent.push(values.length);
          return collective.broadcast(values, root);
        };
        const to = rank === 0 ? null : join(folder, `to-${rank}`);
        const ranks = { ...collective, rank, size: 3, broadcast };
        await sendFile(ranks, { from: rank === 0 ? from : null, to, pieceBytes: 7 });
      }),
    );
    for (const rank of [1, 2])
      expect(Uint8Array.from(await readFile(join(folder, `to-${rank}`)))).toEqual(bytes);
    expect(sent).toHaveLength(Math.ceil(length / 7));
    expect(Math.max(0, ...sent)).toBeLessThanOrEqual(7);
  });
});
