import { isInputError } from "@lathe/files";
import { mkdtemp, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WeightsError } from "../errors.js";
import { openSafetensors } from "./safetensors-file.js";
import { writeSafetensors } from "./write-safetensors.js";

const fixtures = fileURLToPath(new URL("../../fixtures/", import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "safetensors-file-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Bytes of a file with this header and so many bytes of data. */
function fileBytes(header: string | Uint8Array, dataLength: number, claimedLength?: bigint): Buffer {
  const body = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(claimedLength ?? BigInt(body.byteLength));
  return Buffer.concat([length, body, Buffer.alloc(dataLength)]);
}

async function faultOf(bytes: Uint8Array): Promise<WeightsError> {
  const path = join(folder, "faulty.safetensors");
  await writeFile(path, bytes);
  const error: unknown = await openSafetensors(path).then(
    () => "no error",
    (fault: unknown) => fault,
  );
  expect(error).toBeInstanceOf(WeightsError);
  const fault = error as WeightsError;
  expect(isInputError(fault)).toBe(true);
  expect(fault.path).toBe(path);
  expect(fault.message.startsWith(`${path}`)).toBe(true);
  expect(fault.message).not.toContain("\n");
  return fault;
}

const f32 = (shape: string, offsets: string) => `{"dtype":"F32","shape":${shape},"data_offsets":${offsets}}`;

it.each([
  ["null, as the Rust library reads it", `{"__metadata__":null,"w":${f32("[1]", "[0,4]")}}`],
  ["empty", `{"__metadata__":{},"w":${f32("[1]", "[0,4]")}}`],
])("reads a file whose metadata is %s", async (_name, header) => {
  const path = join(folder, "model.safetensors");
  await writeFile(path, fileBytes(header, 4));
  const file = await openSafetensors(path);
  expect(file.metadata.size).toBe(0);
  expect([...(await file.readFloat32("w"))]).toEqual([0]);
  await file.close();
});

describe("refuses", () => {
  it.each<[string, Buffer, string]>([
    ["an empty file", Buffer.alloc(0), "expected a safetensors file of at least 8 bytes, got 0 bytes"],
    [
      "a file cut within the length",
      Buffer.alloc(7),
      "expected a safetensors file of at least 8 bytes, got 7 bytes",
    ],
    [
      "a header length past the end",
      fileBytes("{}", 4, 15n),
      "expected a header that fits into the file of 14 bytes, got a header length of 15",
    ],
    [
      "a header length beyond any header",
      fileBytes("{}", 0, 0xffff_ffff_ffff_ffffn),
      "expected a header of at most 100000000 bytes, got a header length of 18446744073709551615",
    ],
    ["a header of no bytes", fileBytes("", 3), "expected a JSON object as header, got an empty one"],
    [
      "a header that is an array",
      fileBytes("[]", 0),
      "expected a JSON object as header, got one that starts with byte 91",
    ],
    [
      "a header length one too short",
      fileBytes('{"a":1}', 0, 6n),
      "a comma or } at line 1, column 7, got the end of the text",
    ],
    [
      "a header that is not UTF-8",
      fileBytes(Uint8Array.of(0x7b, 0xff, 0x7d), 0),
      "expected a header of UTF-8 text, got other bytes from byte 2 on",
    ],
    [
      "a tensor twice",
      fileBytes(`{"w":${f32("[1]", "[0,4]")},"w":${f32("[1]", "[0,4]")}}`, 4),
      'JSON with each key once at line 1, column 55, got "w" again',
    ],
    ["metadata that is no object", fileBytes('{"__metadata__":["pt"]}', 0), 'object of strings, got ["pt"]'],
    [
      "metadata that holds a number",
      fileBytes('{"__metadata__":{"step":3}}', 0),
      'expected __metadata__ to hold strings only, got 3 for key "step"',
    ],
    [
      "a tensor that is null",
      fileBytes('{"w":null}', 0),
      'tensor "w": expected an object with dtype, shape and data_offsets, got null',
    ],
    [
      "an unknown dtype",
      fileBytes('{"w":{"dtype":"F12","shape":[1],"data_offsets":[0,4]}}', 4),
      'tensor "w": expected a dtype among BOOL, U8, I8, F8_E5M2, F8_E4M3, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64, got "F12"',
    ],
    [
      "a dtype that only objects inherit",
      fileBytes('{"w":{"dtype":"toString","shape":[1],"data_offsets":[0,4]}}', 4),
      'got "toString"',
    ],
    [
      "fields that come from a prototype",
      fileBytes(`{"w":{"__proto__":${f32("[1]", "[0,4]")}}}`, 4),
      'tensor "w": expected a dtype among',
    ],
    ["no shape", fileBytes('{"w":{"dtype":"F32","data_offsets":[0,4]}}', 4), "from 0 on, got nothing"],
    [
      "a negative size",
      fileBytes(`{"w":${f32("[-1]", "[0,4]")}}`, 4),
      "expected a shape of whole numbers from 0 on, got [-1]",
    ],
    ["a fractional size", fileBytes(`{"w":${f32("[1.5]", "[0,6]")}}`, 6), "got [1.5]"],
    [
      "a size beyond whole numbers",
      fileBytes(`{"w":${f32("[9007199254740992]", "[0,4]")}}`, 4),
      "got [9007199254740992]",
    ],
    ["a size that is text", fileBytes(`{"w":${f32('["1"]', "[0,4]")}}`, 4), 'got ["1"]'],
    [
      "a shape whose product overflows",
      fileBytes(`{"w":${f32("[4294967296,4294967296,4294967296,4294967296,0.25e2]", "[0,4]")}}`, 4),
      "bytes for F32 of shape",
    ],
    [
      "one offset",
      fileBytes(`{"w":${f32("[1]", "[0]")}}`, 4),
      "expected data_offsets of two whole numbers from 0 on, got [0]",
    ],
    ["a negative offset", fileBytes(`{"w":${f32("[1]", "[-4,0]")}}`, 4), "got [-4,0]"],
    [
      "offsets that fall",
      fileBytes(`{"w":${f32("[1]", "[4,0]")}}`, 4),
      "expected data_offsets in rising order, got [4,0]",
    ],
    [
      "offsets past the end",
      fileBytes(`{"w":${f32("[2]", "[0,8]")}}`, 7),
      'tensor "w": expected data_offsets within the 7 bytes of data the file has, got [0,8]; the file is cut short or damaged; download it again',
    ],
    [
      "more bytes than the shape has",
      fileBytes(`{"w":${f32("[1]", "[0,8]")}}`, 8),
      'tensor "w": expected 4 bytes for F32 of shape [1], got 8',
    ],
    [
      "tensors that overlap",
      fileBytes(`{"a":${f32("[2]", "[0,8]")},"b":${f32("[2]", "[4,12]")}}`, 12),
      'tensor "b": expected data from byte 8 on, where the tensor before it ends, got an overlap: data from byte 4 on',
    ],
    [
      "two tensors over the same bytes",
      fileBytes(`{"a":${f32("[1]", "[0,4]")},"b":${f32("[1]", "[0,4]")}}`, 4),
      'tensor "b": expected data from byte 4 on',
    ],
    [
      "a hole between tensors",
      fileBytes(`{"a":${f32("[1]", "[0,4]")},"b":${f32("[1]", "[8,12]")}}`, 12),
      'tensor "b": expected data from byte 4 on, where the tensor before it ends, got a hole: data from byte 8 on',
    ],
    [
      "a hole before the first tensor",
      fileBytes(`{"a":${f32("[1]", "[4,8]")}}`, 8),
      "got a hole: data from byte 4 on",
    ],
    [
      "bytes after the last tensor",
      fileBytes('{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 3),
      "expected the file to end after its last tensor, at byte 62, got 64 bytes",
    ],
  ])("%s", async (_name, bytes, essential) => {
    expect((await faultOf(bytes)).message).toContain(essential);
  });

  it("a file that is missing, and a folder", async () => {
    await expect(openSafetensors(join(folder, "absent"))).rejects.toThrow(
      "absent: expected a safetensors file, got no such file",
    );
    await expect(openSafetensors(folder)).rejects.toThrow("got something that is not a file");
    await symlink("loop", join(folder, "loop"));
    await expect(openSafetensors(join(folder, "loop"))).rejects.toThrow(
      /loop: expected a readable file, got its links lead in a circle/,
    );
  });

  it("every prefix of a whole file", async () => {
    const whole = fileBytes(`{"a":${f32("[1]", "[0,4]")},"b":${f32("[2]", "[4,12]")}}`, 12);
    for (let length = 0; length < whole.byteLength; length++) await faultOf(whole.subarray(0, length));
  });
});

it("carries the fault in fields", async () => {
  const fault = await faultOf(fileBytes(`{"w":${f32("[1]", "[0,8]")}}`, 8));
  expect(fault).toMatchObject({ tensor: "w", expected: "4 bytes for F32 of shape [1]", actual: "8" });
});

it("takes names that objects inherit", async () => {
  const path = join(folder, "names.safetensors");
  const header = `{"__proto__":${f32("[1]", "[0,4]")},"constructor":${f32("[]", "[4,8]")}}`;
  await writeFile(path, fileBytes(header, 8));
  const file = await openSafetensors(path);
  expect(file.names()).toEqual(["__proto__", "constructor"]);
  expect(file.has("toString")).toBe(false);
  expect(file.info("constructor").shape).toEqual([]);
  await file.close();
});

describe("reads", () => {
  it("every type as torch converts it to float32", async () => {
    const expected = JSON.parse(await readFile(join(fixtures, "reference/all-dtypes.json"), "utf8")) as {
      tensors: Record<string, { shape: number[]; float32Bits: number[] }>;
    };
    const file = await openSafetensors(join(fixtures, "reference/all-dtypes.safetensors"));
    expect(file.names().sort()).toEqual(Object.keys(expected.tensors).sort());
    expect([...file.metadata]).toEqual([["format", "pt"]]);
    for (const [name, { shape, float32Bits }] of Object.entries(expected.tensors)) {
      const info = file.info(name);
      expect(info.shape).toEqual(shape);
      if (info.dtype.startsWith("F8")) {
        await expect(file.readFloat32(name)).rejects.toThrow(
          "expected a dtype that reads as float32, got F8_",
        );
        expect((await file.readRaw(name)).bytes).toHaveLength(info.elementCount);
      } else {
        const values = await file.readFloat32(name);
        expect([...new Uint32Array(values.buffer)], name).toEqual(float32Bits);
      }
    }
    await file.close();
  });

  it.each(["float.float16", "float.float32", "whole.int64"])(
    "rows of %s as slices of the whole",
    async (name) => {
      const file = await openSafetensors(join(fixtures, "reference/all-dtypes.safetensors"));
      const { shape } = file.info(name);
      const whole = await file.readFloat32(name);
      const raw = await file.readRaw(name);
      const rowBytes = raw.bytes.byteLength / shape[0];
      for (let start = 0; start <= shape[0]; start++) {
        for (let end = start; end <= shape[0]; end++) {
          const rows = { start, end };
          expect([...(await file.readFloat32(name, rows))]).toEqual([
            ...whole.subarray(start * shape[1], end * shape[1]),
          ]);
          const part = await file.readRaw(name, rows);
          expect(part.shape).toEqual([end - start, shape[1]]);
          expect([...part.bytes]).toEqual([...raw.bytes.subarray(start * rowBytes, end * rowBytes)]);
        }
      }
      await file.close();
    },
  );

  it("reads into a target, and refuses one that is too short", async () => {
    const file = await openSafetensors(join(fixtures, "reference/all-dtypes.safetensors"));
    const rows = { start: 1, end: 3 };
    const { bytes } = await file.readRaw("float.float32", rows);
    const target = new Uint8Array(bytes.byteLength + 5).fill(9);
    const raw = await file.readRaw("float.float32", rows, target);
    expect(raw.bytes.buffer).toBe(target.buffer);
    expect([...raw.bytes]).toEqual([...bytes]);
    expect([...target]).toEqual([...bytes, 9, 9, 9, 9, 9]);
    const short = new Uint8Array(bytes.byteLength - 1);
    await expect(file.readRaw("float.float32", rows, short)).rejects.toThrow(
      `"float.float32": expected a target of at least ${bytes.byteLength} bytes, got ${bytes.byteLength - 1}`,
    );
    await file.close();
  });

  it("refuses rows that are not there", async () => {
    const file = await openSafetensors(join(fixtures, "reference/all-dtypes.safetensors"));
    for (const [start, end] of [
      [0, 4],
      [-1, 1],
      [2, 1],
      [0, 1.5],
    ]) {
      await expect(file.readRaw("float.float32", { start, end })).rejects.toThrow(
        `"float.float32": expected rows within [0, 3), got [${start}, ${end})`,
      );
    }
    await expect(file.readRaw("a.scalar", { start: 0, end: 1 })).rejects.toThrow(
      "expected rows within [0, 0)",
    );
    await file.close();
  });

  it("a tensor longer than one piece, in every width", async () => {
    const path = join(folder, "long.safetensors");
    const count = 9 * 1024 * 1024 + 3;
    const patterns = Uint16Array.from({ length: count }, (_, i) => (i * 7919) & 0x3fff);
    const floats = Float32Array.from({ length: count }, (_, i) => i);
    await writeSafetensors(path, [
      { name: "bf16", dtype: "BF16", shape: [count], data: patterns },
      { name: "f32", dtype: "F32", shape: [count], data: floats },
    ]);
    const file = await openSafetensors(path);
    const widened = new Uint32Array((await file.readFloat32("bf16")).buffer);
    expect(widened.findIndex((bits, i) => bits !== patterns[i] << 16)).toBe(-1);
    const read = await file.readFloat32("f32");
    expect(read.findIndex((value, i) => value !== i)).toBe(-1);
    await file.close();
  });

  it("names an absent tensor", async () => {
    const file = await openSafetensors(join(fixtures, "reference/all-dtypes.safetensors"));
    expect(() => file.info("toString")).toThrow('tensor "toString": expected the tensor, got no such tensor');
    await expect(file.readRaw("absent")).rejects.toThrow(WeightsError);
    await file.close();
  });

  it("notices a file that is cut while it is open", async () => {
    const path = join(folder, "cut.safetensors");
    await writeSafetensors(path, [{ name: "w", dtype: "F32", shape: [4], data: new Float32Array(4) }]);
    const file = await openSafetensors(path);
    await truncate(path, file.info("w").byteOffset + 6);
    await expect(file.readFloat32("w")).rejects.toThrow("got 6, then the end of the file");
    await file.close();
  });

  it("refuses after closing, and closes twice", async () => {
    const file = await openSafetensors(join(fixtures, "reference/all-dtypes.safetensors"));
    await file.close();
    await file.close();
    await expect(file.readRaw("mask")).rejects.toThrow("expected an open file");
  });
});
