/** What `npm run build` may take from its cache, and what it must look at each time. */

import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { root } from "./pnpm.mjs";

interface Task {
  readonly taskId: string;
  readonly dependencies: readonly string[];
  readonly resolvedTaskDefinition: { readonly cache: boolean; readonly outputs: readonly string[] };
}

it("looks for a C++ compiler in every build: one may have been installed since the last", () => {
  const args = ["scripts/with-pnpm.mjs", "turbo", "run", "build", "--filter=@lathe/tensor", "--dry=json"];
  const text = execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  const { tasks } = JSON.parse(text) as { tasks: Task[] };
  const task = (id: string) => tasks.find(({ taskId }) => taskId === id);
  expect(task("@lathe/kernels#build:native")?.resolvedTaskDefinition).toMatchObject({
    cache: false,
    outputs: [],
  });
  expect(task("@lathe/kernels#build")?.dependencies).toContain("@lathe/kernels#build:native");
  // Neither the addon nor the note that there is no compiler is among what a cached build brings back.
  expect(task("@lathe/kernels#build")?.resolvedTaskDefinition.outputs).toEqual([
    "build/simd.wasm*",
    "dist/**",
  ]);
});
