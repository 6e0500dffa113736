// Runs the native kernels' tests under the compiler's sanitizers, with the level `emulated` (the code of the AVX-512 levels)
// among those tested. Needs GCC or Clang with libasan. Exit code 0 means that nothing was found.
//
// Run: node scripts/sanitize.mjs [address|thread]     (address covers undefined behaviour too)

import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(dirname(packageFolder));
const kind = process.argv[2] ?? "address";
if (kind !== "address" && kind !== "thread") {
  console.error(`sanitize: expected address or thread, got "${kind}"`);
  process.exit(2);
}
const sanitizers = kind === "address" ? "address,undefined" : "thread";
const output = join(packageFolder, "build", `sanitize-${kind}`);

/** @type {(command: string, args: string[], environment?: Record<string, string>) => void} */
function run(command, args, environment = {}) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...environment },
  });
  if (status !== 0) process.exit(1);
}

run(process.execPath, [
  join(packageFolder, "scripts/build-native.mjs"),
  ...["--sanitize", sanitizers, "--emulated", "--output", output],
]);

const compiler = process.env.CXX?.trim().split(/\s+/)[0] ?? "c++";
const driver = join(output, "thread-pool-test");
const sources = ["tests/thread_pool_test.cc", "thread_pool.cc", "core_count.cc", "activity.cc"];
run(compiler, [
  ...["-std=c++17", "-O1", "-g", "-Wall", "-Wextra", `-fsanitize=${sanitizers}`, "-pthread"],
  ...sources.map((file) => join(packageFolder, "native", file)),
  ...["-o", driver],
]);
run(driver, kind === "thread" ? ["without-fork"] : []);

// Node itself is not instrumented, so the sanitizer's library has to be there before it starts.
const library = spawnSync(compiler, [`-print-file-name=lib${kind === "address" ? "asan" : "tsan"}.so`], {
  encoding: "utf8",
}).stdout.trim();
run(
  process.execPath,
  [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    ...["native", "gated-linear", "head-losses"].map((name) => `packages/kernels/src/${name}`),
    "--testTimeout=600000",
  ],
  {
    LD_PRELOAD: library,
    LATHE_NATIVE: join(output, "lathe-kernels.node"),
    // V8 keeps much until the process ends, and reads its own stack in ways that look like faults.
    ASAN_OPTIONS: "detect_leaks=0:detect_stack_use_after_return=0:abort_on_error=1",
    UBSAN_OPTIONS: "print_stacktrace=1:halt_on_error=1",
    TSAN_OPTIONS: "halt_on_error=1:report_signal_unsafe=0:ignore_noninstrumented_modules=1",
  },
);
