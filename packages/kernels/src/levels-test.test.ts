import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const native = fileURLToPath(new URL("../native/", import.meta.url));
const compiler = process.env["CXX"]?.trim().split(/\s+/)[0] ?? "c++";
const hasCompiler = spawnSync(compiler, ["--version"]).status === 0;

it.skipIf(!hasCompiler)("the program that compares levels under an emulator compiles", () => {
  const { status, stderr } = spawnSync(
    compiler,
    ["-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-DLATHE_HAS_neon=1", "tests/levels_test.cc"],
    { cwd: native, encoding: "utf8" },
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
