import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-setup-gate-"));
  vi.stubEnv("LATHE_GATE", folder);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

describe("lathe setup gate", () => {
  it("leaves what is installed as it is", async () => {
    const entry = join(folder, "llama.cpp/node_modules/node-llama-cpp/dist");
    await mkdir(entry, { recursive: true });
    await writeFile(join(entry, "index.js"), "");
    const { code, json } = await runLathe(["setup", "gate", "--program", "llama.cpp", "--json"]);
    expect(code).toBe(0);
    expect(json).toEqual({
      programs: [{ program: "llama.cpp", folder: join(folder, "llama.cpp"), wasInstalled: true }],
    });
  });

  it("says what npm complains of", async () => {
    vi.stubEnv("npm_config_registry", "http://127.0.0.1:9/");
    vi.stubEnv("npm_config_cache", join(folder, "cache"));
    vi.stubEnv("npm_config_fetch_retries", "0");
    const { code, stderr } = await runLathe(["setup", "gate", "--program", "transformers.js"]);
    expect(code).toBe(2);
    expect(stderr).toContain("expected npm to install @huggingface/transformers@");
    expect(stderr).toContain("registry settings");
  });

  it("is refused for a program that it does not know", async () => {
    expect((await runLathe(["setup", "gate", "--program", "vllm"])).code).toBe(2);
  });
});
