import { loadModel } from "@lathe/model";
import { linearReader, packedFormatNames } from "@lathe/quant";
import { startEngine } from "@lathe/tensor";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelConfig } from "../shared/model-sizes.js";
import { packedFolder } from "./model-folders.js";

let cache: string;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "lathe-bench-test-"));
  await startEngine("wasm");
});
afterAll(() => rm(cache, { recursive: true }));

describe("packedFolder", () => {
  it.each(packedFormatNames)(
    "writes a %s folder that loads as the model it should be, once",
    async (format) => {
      const folder = await packedFolder(cache, "mini", format);
      expect(await packedFolder(cache, "mini", format)).toBe(folder);
      const model = await loadModel(folder, { readLinear: await linearReader(folder, format) });
      const { dtype: _dtype, ...config } = model.config;
      const { dtype: _own, ...expected } = modelConfig("mini");
      expect(config).toEqual(expected);
      model.dispose();
    },
  );

  it("leaves nothing half-written beside them", async () => {
    expect((await readdir(cache)).filter((name) => name.includes("tmp"))).toEqual([]);
  });
});
