/** What no export can be made of, and disks without space: a sentence, and nothing that is left. */
import { cp, mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FileError, isInputError } from "@lathe/files";
import { AdapterFileError } from "@lathe/peft";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { FullDisk } from "../../../files/testing/full-disk.js";
import { loraFixture, storiesModel, temporaryFolder, tinyModel } from "../testing/folders.js";
import { exportModel } from "./export-model.js";
import { importModel } from "./import-model.js";

const formats = ["peft", "merged", "gguf", "gguf-lora", "mlx", "onnx"] as const;
const adapter = join(loraFixture("qwen2-qv"), "adapter_end");

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await temporaryFolder();
  vi.stubEnv("LATHE_GATE", await runtimeOfBundles(join(folder, "gate")));
});
afterAll(() => {
  vi.unstubAllEnvs();
});

/** Files under the names of those that a bundle for the web takes. */
async function runtimeOfBundles(gate: string): Promise<string> {
  const files = {
    "@huggingface/transformers/LICENSE": "a licence",
    "@huggingface/transformers/dist/transformers.node.mjs": "",
    "@huggingface/transformers/dist/transformers.web.min.js":
      'import a from"onnxruntime-common";import b from"onnxruntime-web/webgpu";',
    "onnxruntime-web/dist/ort.webgpu.bundle.min.mjs": "",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm": "wasm",
  };
  for (const [name, text] of Object.entries(files)) {
    const place = join(gate, "transformers.js/node_modules", name);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, text);
  }
  return gate;
}

/** A model with a chat template that Go's syntax can say. */
async function chattingModel(): Promise<string> {
  const model = join(folder, "chatting");
  await cp(storiesModel, model, { recursive: true });
  const template =
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}";
  await writeFile(join(model, "chat_template.jinja"), template);
  return model;
}

async function emptyFolder(): Promise<string> {
  const place = join(folder, `place-${++count}`);
  await mkdir(place);
  return place;
}

it.each([...formats, "web"] as const)("an adapter for another base becomes no %s", async (to) => {
  for (const base of ["llama", "qwen3"] as const) {
    const place = await emptyFolder();
    const output = join(place, "output");
    const error: unknown = await exportModel({
      model: tinyModel(base),
      adapter,
      to,
      output,
      gate: false,
    }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AdapterFileError);
    expect((error as Error).message).toContain("the adapter is of another model");
    expect(await readdir(place)).toEqual([]);
  }
});

/** Does what writes into a folder on disks with space for ever more calls, until there is enough. @returns calls that it takes */
async function onFullDisks(write: (output: string) => Promise<unknown>, stride = 3): Promise<number> {
  for (let calls = 0; ; calls += calls < 8 ? 1 : stride) {
    const place = await emptyFolder();
    const disk = await FullDisk.start(place, calls);
    const error: unknown = await write(join(place, "output"))
      .then(() => null)
      .catch((thrown: unknown) => thrown)
      .finally(() => disk.stop());
    if (error === null) return calls;
    expect(isInputError(error), `${calls} calls: ${(error as Error).stack}`).toBe(true);
    expect(error).toBeInstanceOf(FileError);
    expect((error as Error).message).toContain("no space is left on the device");
    expect(await readdir(place), `${calls} calls`).toEqual([]);
  }
}

it.each([...formats, "web", "ollama"] as const)(
  "%s leaves nothing on a disk that is full, whichever call finds no space first",
  async (to) => {
    const shared = { to, gate: false } as const;
    const options =
      to === "ollama"
        ? { ...shared, model: await chattingModel() }
        : { ...shared, model: tinyModel("qwen2"), adapter };
    // A vocabulary is proven anew each time, which takes a second.
    const stride = to === "ollama" ? 16 : 3;
    const calls = await onFullDisks((output) => exportModel({ ...options, output }), stride);
    expect(calls).toBeGreaterThan(5);
  },
  180_000,
);

it("an import leaves nothing on a disk that is full either", async () => {
  const input = join(folder, "model.gguf");
  await exportModel({ model: tinyModel("qwen2"), to: "gguf", output: input, gate: false });
  expect(await onFullDisks((output) => importModel({ input, output }))).toBeGreaterThan(5);
});
