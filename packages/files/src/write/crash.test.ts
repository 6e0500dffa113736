/** Kills the built package before each call of the file system, and looks at what a reader finds. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { replaceFolder } from "./replace-folder.js";
import { recoverPlace, sweepLeftovers } from "./sweep-leftovers.js";

const program = fileURLToPath(new URL("../../testing/kill-at.mjs", import.meta.url));

/** More calls than any operation makes. */
const MOST_CALLS = 60;

// Some dozens of processes a test.
vi.setConfig({ testTimeout: 240_000 });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lathe-crash-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function hasEnded(call: number, operation: "file" | "folder", place: string): boolean {
  const { status, signal, stderr } = spawnSync(process.execPath, [program, String(call), operation, place], {
    encoding: "utf8",
  });
  if (signal === "SIGKILL") return false;
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return true;
}

const readFolder = (place: string): Record<string, string> =>
  Object.fromEntries(readdirSync(place).map((name) => [name, readFileSync(join(place, name), "utf8")]));

it("a folder that is replaced is the old or the new one, whenever its process is killed", async () => {
  const place = join(folder, "place");
  const found = new Set<string>();
  for (let call = 1, isDone = false; !isDone; call++) {
    expect(call).toBeLessThan(MOST_CALLS);
    mkdirSync(place);
    writeFileSync(join(place, "a"), "old");
    writeFileSync(join(place, "c"), "old");
    isDone = hasEnded(call, "folder", place);
    await recoverPlace(place);
    const contents = JSON.stringify(readFolder(place));
    expect(['{"a":"old","c":"old"}', '{"a":"new","b":"new"}'], `killed at call ${call}`).toContain(contents);
    expect(readdirSync(folder), `killed at call ${call}`).toEqual(["place"]);
    found.add(contents);
    rmSync(place, { recursive: true });
  }
  expect(found.size).toBe(2);
});

it("a folder that is made is absent or whole, whenever its process is killed", async () => {
  const place = join(folder, "place");
  for (let call = 1, isDone = false; !isDone; call++) {
    isDone = hasEnded(call, "folder", place);
    await sweepLeftovers(folder);
    const entries = readdirSync(folder);
    if (entries.length > 0) {
      expect(entries).toEqual(["place"]);
      expect(readFolder(place)).toEqual({ a: "new", b: "new" });
    }
    rmSync(place, { recursive: true, force: true });
  }
});

it("a file that is replaced is the old or the new one, without any recovery", async () => {
  const place = join(folder, "place.txt");
  for (let call = 1, isDone = false; !isDone; call++) {
    writeFileSync(place, "old");
    isDone = hasEnded(call, "file", place);
    expect(["old", "new"], `killed at call ${call}`).toContain(readFileSync(place, "utf8"));
    await sweepLeftovers(folder);
    expect(readdirSync(folder), `killed at call ${call}`).toEqual(["place.txt"]);
  }
  expect(readFileSync(place, "utf8")).toBe("new");
});

it("the next replacement puts back what a killed one moved aside, before it asks whether it may", async () => {
  const place = join(folder, "place");
  for (let call = 1, isDone = false; !isDone; call++) {
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "a"), "old");
    isDone = hasEnded(call, "folder", place);
    const refusal = new Error("something is there");
    const check = async (): Promise<void> => {
      expect(readdirSync(folder)).toContain("place");
      throw refusal;
    };
    await expect(replaceFolder(place, async () => undefined, { check })).rejects.toBe(refusal);
    rmSync(place, { recursive: true });
  }
});
