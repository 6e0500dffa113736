import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandName } from "./command-name.js";

const lathe = { name: "lathe", packageName: "@lathe/cli" };

let folder: string;
let main: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "lathe-command-name-")));
  main = join(folder, "clone/apps/cli/dist/main.js");
  for (const path of ["clone/apps/cli/dist", "bin", "other", "project/node_modules/.bin", "project/deep"]) {
    await mkdir(join(folder, path), { recursive: true });
  }
  await writeFile(main, "");
  await symlink(main, join(folder, "bin/lathe"));
  await writeFile(join(folder, "other/lathe"), "another program");
  await symlink(main, join(folder, "project/node_modules/.bin/lathe"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("commandName", () => {
  const name = (cwd: string, path: readonly string[], env: Record<string, string> = {}) =>
    commandName({
      ...lathe,
      main,
      cwd: join(folder, cwd),
      env: { PATH: path.map((part) => join(folder, part)).join(delimiter), ...env },
    });

  it("is lathe where that is on the path, and is this program", () => {
    expect(name("clone", ["other", "bin"])).toBe("lathe");
    expect(name("clone", ["other"])).toBe("node apps/cli/dist/main.js");
  });

  it("is npx lathe in a project that has it, from any folder of it, whatever npm put on the path", () => {
    expect(name("project", ["project/node_modules/.bin"])).toBe("npx lathe");
    expect(name("project/deep", [])).toBe("npx lathe");
    expect(name("other", ["project/node_modules/.bin"], { npm_command: "exec" })).toBe("npx @lathe/cli");
  });

  it("names the file whole where it lies elsewhere, and quotes what a shell would part", () => {
    expect(name("other", [])).toBe(`node ${main}`);
    const spaced = "/somebody's clone/main.js";
    expect(commandName({ ...lathe, main: spaced, cwd: "/home", env: {} })).toBe(
      String.raw`node '/somebody'\''s clone/main.js'`,
    );
  });
});
