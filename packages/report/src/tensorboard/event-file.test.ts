import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { crc32c, maskedCrc32c } from "./crc32c.js";
import { EventFile } from "./event-file.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "events-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("CRC-32C", () => {
  it.each([
    // RFC 3720, B.4.
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(255), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    [new TextEncoder().encode("123456789"), 0xe3069283],
    [new Uint8Array(), 0],
  ])("%j", (bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });
});

/** A field of a message: its number, and its number or bytes. */
type Field = readonly [field: number, value: number | Buffer];

/** Takes a message apart by the wire format. */
function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const field = key >> 3;
    switch (key & 7) {
      case 0:
        fields.push([field, varint()]);
        break;
      case 1:
        fields.push([field, message.readDoubleLE(at)]);
        at += 8;
        break;
      case 2: {
        const length = varint();
        fields.push([field, message.subarray(at, at + length)]);
        at += length;
        break;
      }
      case 5:
        fields.push([field, message.readFloatLE(at)]);
        at += 4;
        break;
      default:
        throw new Error(`wire type ${key & 7}`);
    }
  }
  return fields;
}

/** The messages of a file, each of whose checks holds. */
function messagesOf(bytes: Buffer): Map<number, number | Buffer>[] {
  const messages = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    expect(bytes.readUInt32LE(at + 8)).toBe(maskedCrc32c(bytes.subarray(at, at + 8)));
    const message = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(maskedCrc32c(message));
    messages.push(new Map(fieldsOf(message)));
    at += length + 16;
  }
  return messages;
}

const valuesOf = (summary: Buffer): [string, number][] =>
  fieldsOf(summary).map(([, value]) => {
    const fields = new Map(fieldsOf(value as Buffer));
    return [(fields.get(1) as Buffer).toString(), fields.get(2) as number];
  });

describe("an event file", () => {
  it("begins with its version and the start of a session, then has the scalars of each step", async () => {
    const before = Date.now() / 1000;
    const file = await EventFile.open(join(folder, "made", "below"), { firstStep: 300 });
    await file.add(300, { "train/loss": 1.5, 学习率: 2 ** -20 });
    await file.add(2 ** 40, { "train/loss": Number.NaN });
    await file.close();
    const [version, session, first, second, ...rest] = messagesOf(await readFile(file.path));
    expect(rest).toEqual([]);
    expect((version.get(3) as Buffer).toString()).toBe("brain.Event:2");
    expect(session.get(2)).toBe(300);
    expect(fieldsOf(session.get(7) as Buffer)).toEqual([[1, 1]]);
    expect(first.get(1)).toBeGreaterThanOrEqual(before);
    expect(first.get(2)).toBe(300);
    expect(valuesOf(first.get(5) as Buffer)).toEqual([
      ["train/loss", 1.5],
      ["学习率", 2 ** -20],
    ]);
    expect(second.get(2)).toBe(2 ** 40);
    expect(valuesOf(second.get(5) as Buffer)).toEqual([["train/loss", Number.NaN]]);
  });

  it("is another file each time, and whole after each step", async () => {
    const files = [await EventFile.open(folder), await EventFile.open(folder)];
    expect((await readdir(folder)).length).toBe(2);
    await files[1].add(1, { loss: 1 });
    expect(messagesOf(await readFile(files[1].path)).length).toBe(3);
    for (const file of files) await file.close();
  });

  it("in a place that cannot be is an error with the path", async () => {
    await writeFile(join(folder, "file"), "");
    await expect(EventFile.open(join(folder, "file"))).rejects.toThrow(join(folder, "file"));
  });
});

const { LATHE_PYTHON: named = "" } = process.env;
const python = named === "" ? "python3" : named;
const hasTensorBoard =
  spawnSync(python, [
    "-c",
    "import importlib.util as u, sys; sys.exit(0 if u.find_spec('tensorboard') else 1)",
  ]).status === 0;

it.runIf(hasTensorBoard)(
  "TensorBoard reads the scalars, without those of steps that were taken again",
  async () => {
    const first = await EventFile.open(folder);
    for (let step = 1; step <= 5; step++) await first.add(step, { loss: step, "eval/loss": 2 * step });
    await first.close();
    // Files are read in the order of their names.
    await new Promise((resume) => setTimeout(resume, 1100));
    const again = await EventFile.open(folder, { firstStep: 4 });
    for (let step = 4; step <= 6; step++) await again.add(step, { loss: 10 * step });
    await again.close();
    const script = fileURLToPath(
      new URL("../../../../scripts/reference/tensorboard_reads.py", import.meta.url),
    );
    const { stdout, stderr } = spawnSync(python, [script, folder], { encoding: "utf8" });
    expect(stdout, stderr).not.toBe("");
    expect(JSON.parse(stdout)).toEqual({
      loss: [
        [1, 1],
        [2, 2],
        [3, 3],
        [4, 40],
        [5, 50],
        [6, 60],
      ],
      "eval/loss": [
        [1, 2],
        [2, 4],
        [3, 6],
      ],
    });
  },
);
