import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isInputError } from "@lathe/files";
import { expect, it } from "vitest";
import {
  adapterConfig,
  temporaryFolder,
  writeAdapterFolder,
  type WrittenTensor,
} from "../testing/written-adapter.js";
import { openAdapterFile } from "./adapter-file.js";
import { openUpdate } from "./check-update.js";
import { UpdateError, type UpdateFault } from "./update-error.js";

const values = (length: number, at = 0): Float32Array =>
  Float32Array.from({ length }, (_, i) => (i + at) / 7);

const whole = (at = 0): WrittenTensor[] => [
  { name: "q.lora_A.weight", shape: [2, 3], data: values(6, at) },
  { name: "q.lora_B.weight", shape: [4, 2], data: values(8, at) },
];

const withFirst = (change: Partial<WrittenTensor>): WrittenTensor[] => {
  const [first, ...rest] = whole();
  return [{ ...first, ...change }, ...rest];
};

async function faultOf(folder: string, start: string): Promise<UpdateError> {
  const global = await openAdapterFile(start);
  try {
    const error: unknown = await openUpdate(folder, start, global).then(
      () => "taken",
      (fault: unknown) => fault,
    );
    expect(error).toBeInstanceOf(UpdateError);
    expect(isInputError(error)).toBe(true);
    return error as UpdateError;
  } finally {
    await global.close();
  }
}

it("opens an update of the round's shape, in any type that adapters have", async () => {
  const folder = await temporaryFolder();
  const start = await writeAdapterFolder(join(folder, "start"), whole());
  const global = await openAdapterFile(start);
  const half = Uint16Array.of(0x3c00, 0xbc00, 0, 0x4000, 0x3800, 0x7bff);
  for (const [tensors, first] of [
    [whole(3), [3 / 7, 4 / 7, 5 / 7, 6 / 7, 1, 8 / 7]],
    [withFirst({ data: half, dtype: "F16" }), [1, -1, 0, 2, 0.5, 65504]],
  ] as const) {
    const update = await writeAdapterFolder(join(folder, "update"), tensors, {
      ...adapterConfig,
      // As Python's sets come.
      target_modules: ["v_proj", "q_proj"],
      modules_to_save: [],
      use_dora: undefined,
    });
    const file = await openUpdate(update, start, global);
    expect([...(await file.read("q.lora_A.weight"))]).toEqual(first.map(Math.fround));
    await file.close();
  }
  await global.close();
});

it.each<[string, UpdateFault, WrittenTensor[], object, string]>([
  [
    "a tensor is missing",
    "tensors",
    whole().slice(1),
    adapterConfig,
    'the tensor "q.lora_A.weight", got no such',
  ],
  [
    "there is one more",
    "tensors",
    [...whole(), { name: "k", shape: [1], data: values(1) }],
    adapterConfig,
    'tensors of the round\'s adapter alone, got "k"',
  ],
  ["one has another name", "tensors", withFirst({ name: "p" }), adapterConfig, "no such tensor"],
  [
    "one is turned",
    "shape",
    withFirst({ shape: [3, 2] }),
    adapterConfig,
    "expected shape [2, 3], got [3, 2]",
  ],
  [
    "one is smaller",
    "shape",
    withFirst({ shape: [1, 3], data: values(3) }),
    adapterConfig,
    "expected shape [2, 3], got [1, 3]",
  ],
  [
    "one is of a type that no adapter has",
    "dtype",
    withFirst({ data: Float64Array.of(1, 2, 3, 4, 5, 6), dtype: "F64" }),
    adapterConfig,
    "a dtype among F32, F16, BF16, got F64",
  ],
  ...[Number.NaN, Infinity, -Infinity].map((bad): [string, UpdateFault, WrittenTensor[], object, string] => [
    `a number is ${bad}`,
    "numbers",
    withFirst({ data: Float32Array.of(1, 2, 3, bad, 5, 6) }),
    adapterConfig,
    `finite numbers, got ${bad} as element 3`,
  ]),
  [
    "it is scaled otherwise",
    "config",
    whole(),
    { ...adapterConfig, lora_alpha: 4000 },
    "lora_alpha 4, as the round",
  ],
  [
    "it has other targets",
    "config",
    whole(),
    { ...adapterConfig, target_modules: ["q_proj"] },
    "target_modules",
  ],
  ["it is of another method", "config", whole(), { ...adapterConfig, peft_type: "IA3" }, 'peft_type "LORA"'],
  ["its config is a list", "config", whole(), [1], "a JSON object"],
])("refuses an update where %s", async (_name, fault, tensors, config, message) => {
  const folder = await temporaryFolder();
  const start = await writeAdapterFolder(join(folder, "start"), whole());
  const update = await writeAdapterFolder(join(folder, "update"), tensors, config);
  const error = await faultOf(update, start);
  expect(error.fault).toBe(fault);
  expect(error.message).toContain(message);
  expect(error.message).not.toContain("\n");
});

it("refuses every beginning of a file, a missing file and a config that is no JSON", async () => {
  const folder = await temporaryFolder();
  const start = await writeAdapterFolder(join(folder, "start"), whole());
  const update = await writeAdapterFolder(join(folder, "update"), whole(1));
  const path = join(update, "adapter_model.safetensors");
  const bytes = await readFile(path);
  for (let length = bytes.length - 1; length >= 0; length -= 7) {
    await truncate(path, length);
    expect((await faultOf(update, start)).fault).toBe("tensors");
  }
  await rm(path);
  expect((await faultOf(update, start)).fault).toBe("tensors");
  await writeFile(path, bytes);
  await writeFile(join(update, "adapter_config.json"), '{"r":2,"r":3}');
  expect((await faultOf(update, start)).fault).toBe("config");
  await rm(join(update, "adapter_config.json"));
  expect((await faultOf(update, start)).message).toContain("expected a JSON file, got no such file");
});
