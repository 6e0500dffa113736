import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const native = fileURLToPath(new URL("../native/", import.meta.url));
const compiler = process.env["CXX"]?.trim().split(/\s+/)[0] ?? "c++";
const hasCompiler = spawnSync(compiler, ["--version"]).status === 0;
const hasNm = spawnSync("nm", ["--version"]).status === 0;

it.skipIf(!hasCompiler)("the program that compares levels under an emulator compiles", () => {
  const { status, stderr } = spawnSync(
    compiler,
    ["-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-DLATHE_HAS_neon=1", "tests/levels_test.cc"],
    { cwd: native, encoding: "utf8" },
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

it.skipIf(!hasCompiler).each([
  ["of portable code", ["-DLATHE_PORTABLE"]],
  ["of sixteen lanes, emulated", ["-DLATHE_EMULATED", "-Wno-psabi"]],
  ["of this machine", ["-march=native"]],
])(
  "panels of the level %s hold what they are defined to hold, bit for bit",
  (_what, flags) => {
    const folder = mkdtempSync(join(tmpdir(), "lathe-packing-"));
    try {
      const program = join(folder, "test");
      const sources = [
        "tests/packing_test.cc",
        "thread_pool.cc",
        "core_count.cc",
        "activity.cc",
        "scratch.cc",
        "selection.cc",
      ];
      const common = ["-std=c++17", "-O1", "-ffp-contract=off", "-w", "-pthread", "-DLATHE_LEVEL=underTest"];
      const made = spawnSync(compiler, [...common, ...flags, ...sources, "-o", program], {
        cwd: native,
        encoding: "utf8",
      });
      expect(made.status, made.stderr).toBe(0);
      const { status, stdout } = spawnSync(program, { encoding: "utf8" });
      expect(stdout).toBe("panels are as they should be\n");
      expect(status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  600_000,
);

/** Compiles a source of native/ without optimisation, which leaves every inline function in the object as a symbol of its own. */
function definedSymbols(source: string, flags: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "lathe-symbols-"));
  try {
    const object = join(folder, "unit.o");
    const common = ["-std=c++17", "-O0", "-fPIC", "-fvisibility=hidden", "-w", "-x", "c++"];
    const made = spawnSync(compiler, [...common, ...flags, "-c", "-o", object, "-"], {
      cwd: native,
      encoding: "utf8",
      input: source,
    });
    expect(made.status, made.stderr).toBe(0);
    const { stdout } = spawnSync("nm", [object], { encoding: "utf8" });
    // `address kind name`; what is undefined has no address, and lower-case kinds other than these are local.
    const symbols = [...stdout.matchAll(/^[0-9a-f]+ ([A-Zuvw]) (\S+)$/gm)].map(([, , name]) => name);
    // Where exceptions find their handler: data, which is the same whichever copy is kept.
    return symbols.filter((name) => !name.includes("__gxx_personality"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const emulated = ["-DLATHE_EMULATED", "-DLATHE_EMULATED_TILES"];
const vectors = process.arch === "x64" ? ["-mavx2", "-mfma", "-mf16c", "-mbmi2"] : [];

it.skipIf(!hasCompiler || !hasNm).each([
  ["of tile registers", emulated],
  ["of this architecture's vectors", vectors],
])(
  "a level, the one %s, defines symbols of its own namespace only",
  (_what, flags) => {
    const symbols = definedSymbols('#include "level.cc"\n', ["-DLATHE_LEVEL=underTest", ...flags]);
    expect(symbols.length).toBeGreaterThan(0);
    expect(symbols.filter((name) => !name.includes("5lathe9underTest"))).toEqual([]);
  },
  600_000,
);

it.skipIf(!hasCompiler || !hasNm)(
  "a function of the standard library in a level would be seen",
  () => {
    const source = [
      "#include <algorithm>",
      '#include "level.cc"',
      "namespace lathe { namespace underTest {",
      "void sort(std::int32_t* numbers) { std::nth_element(numbers, numbers + 1, numbers + 9); }",
      "} }",
    ].join("\n");
    const symbols = definedSymbols(source, ["-DLATHE_LEVEL=underTest", "-DLATHE_PORTABLE"]);
    expect(symbols.some((name) => name.includes("St"))).toBe(true);
    expect(symbols.filter((name) => !name.includes("5lathe9underTest"))).not.toEqual([]);
  },
  600_000,
);
