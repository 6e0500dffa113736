import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runLathe } from "../testing/run-lathe.js";

describe("lathe setup cuda", () => {
  it("says what is missing, for people and as JSON", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lathe-setup-cuda-"));
    try {
      const { code, stderr, json } = await runLathe(["setup", "cuda", "--tensorflow", folder, "--json"]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/holds no TensorFlow library; name a folder with lib\/libtensorflow/);
      expect(json).toMatchObject({ error: { name: "TensorFlowSetupError", missing: "library" } });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("is a verb of two words", async () => {
    expect((await runLathe(["setup"])).stderr).toMatch(
      /lathe setup: expected lathe setup cuda, lathe setup gate/,
    );
    expect((await runLathe(["setup", "webgpu"])).code).toBe(2);
    expect((await runLathe(["help", "setup", "cuda"])).stdout).toMatch(/--tensorflow <dir>/);
  });
});
