import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { phrase } from "@lathe/files";
import { ExportError } from "../errors.js";
import { gateFolder, hasGateProgram, programFolder } from "../gate/gate-packages.js";

/** Files of transformers.js and ONNX Runtime that a browser runs, with what they become in a bundle. */
export interface WebRuntime {
  /** Texts by their names in the bundle. */
  readonly texts: ReadonlyMap<string, string>;
  /** Files to copy, by their names in the bundle. */
  readonly files: ReadonlyMap<string, string>;
  /** Bytes of all of them. */
  readonly bytes: number;
}

const TRANSFORMERS = "@huggingface/transformers/dist/transformers.web.min.js";
const ONNX_RUNTIME = "onnxruntime-web/dist/ort.webgpu.bundle.min.mjs";
const WASM = "onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm";

/** Packages that transformers.js imports by name, which browsers do not find; ONNX Runtime's bundle gives what both have. */
const IMPORTED = ["onnxruntime-common", "onnxruntime-web/webgpu"];

/**
 * The runtime of bundles, as it is installed with the program that proves ONNX.
 * @throws ExportError when it is not, or is of another shape
 */
export async function webRuntime(gate: string = gateFolder()): Promise<WebRuntime> {
  if (!(await hasGateProgram("transformers.js", gate))) {
    throw new ExportError({
      path: gate,
      expected: phrase`${"transformers.js"}, which goes into the bundle`,
      actual: "none",
      remedy: "setupGate() installs it",
    });
  }
  const modules = join(programFolder("transformers.js", gate), "node_modules");
  let transformers = await readFile(join(modules, TRANSFORMERS), "utf8");
  for (const name of IMPORTED) {
    const parts = transformers.split(`from"${name}"`);
    if (parts.length !== 2) {
      throw new ExportError({
        path: join(modules, TRANSFORMERS),
        expected: phrase`one import of ${name}`,
        actual: String(parts.length - 1),
        remedy: "remove that folder and install it again with setupGate()",
      });
    }
    transformers = parts.join('from"./ort.js"');
  }
  const texts = new Map([
    ["transformers.js", transformers],
    ["ort.js", withoutMap(await readFile(join(modules, ONNX_RUNTIME), "utf8"))],
    ["LICENSE", await readFile(join(modules, "@huggingface/transformers/LICENSE"), "utf8")],
    ["README.md", README],
  ]);
  const wasm = join(modules, WASM);
  const bytes = [...texts.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return { texts, files: new Map([["ort.wasm", wasm]]), bytes: bytes + (await stat(wasm)).size };
}

const README = `transformers.js is @huggingface/transformers, under the Apache License in LICENSE; ort.js and ort.wasm are ONNX Runtime Web
(https://github.com/microsoft/onnxruntime), copyright Microsoft Corporation, under the MIT License:

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files
(the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge,
publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do
so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE
FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

/** Without the name of a source map, which is not in the bundle. */
const withoutMap = (text: string): string => text.replace(/\n\/\/# sourceMappingURL=\S+\s*$/, "\n");
