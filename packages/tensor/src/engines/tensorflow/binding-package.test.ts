import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  BINDING_PACKAGE,
  BINDING_VERSION,
  bindingPackageFolder,
  fetchBindingPackage,
  requireOfBindingPackage,
} from "./binding-package.js";

let folder: string;
let environment: Record<string, string | undefined>;
let integrity: string;

/** An npm that hands over a tarball which is there, or fails. */
async function writeNpm(script: string): Promise<void> {
  const path = join(folder, "bin", "npm");
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

const tarball = (): string => join(folder, "package.tgz");
const handOver = (): string =>
  `while [ "$1" != --pack-destination ]; do shift; done; cp "${tarball()}" "$2/x.tgz"; echo "$3" > "${folder}/asked"`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-binding-package-"));
  await mkdir(join(folder, "bin"));
  environment = {
    ...process.env,
    PATH: `${join(folder, "bin")}${delimiter}${process.env["PATH"] ?? ""}`,
    XDG_CACHE_HOME: join(folder, "cache"),
  };
  const installed = bindingPackageFolder()!;
  const args = ["-czhf", tarball(), "--exclude=node_modules", "--transform", "s,^[.],package,"];
  execFileSync("tar", [...args, "-C", installed, "."]);
  integrity = `sha512-${createHash("sha512")
    .update(await readFile(tarball()))
    .digest("base64")}`;
});
afterAll(() => rm(folder, { recursive: true }));

describe("fetchBindingPackage", () => {
  const root = (): string => join(folder, "cache/lathe/tensorflow");

  it("says what npm said when it fails, and leaves nothing behind", async () => {
    await writeNpm("echo 'code ENOTFOUND' >&2; exit 1");
    await expect(fetchBindingPackage({ environment })).rejects.toMatchObject({
      missing: "package",
      found: `npm could not fetch ${BINDING_PACKAGE}@${BINDING_VERSION}`,
      details: "code ENOTFOUND",
    });
    await expect(
      fetchBindingPackage({ environment: { ...environment, PATH: join(folder, "none") } }),
    ).rejects.toMatchObject({ missing: "package", details: expect.stringContaining("ENOENT") });
    expect(await readdir(root())).toEqual([]);
  });

  it("refuses bytes other than those of the pinned version", async () => {
    await writeNpm(handOver());
    await expect(fetchBindingPackage({ environment })).rejects.toThrow(/another @tensorflow\/tfjs-node-gpu/);
    expect(await readdir(root())).toEqual([]);
  });

  it("gives the package a folder of its own, where it finds this module's TensorFlow.js", async () => {
    await writeNpm(handOver());
    const place = await fetchBindingPackage({ environment, integrity });
    expect((await readFile(join(folder, "asked"), "utf8")).trim()).toBe(`${BINDING_PACKAGE}@4.22.0`);
    expect(await readdir(root())).toEqual([`package-${BINDING_VERSION}`]);
    expect(await readdir(join(place, "binding"))).toContain("tfjs_backend.cc");
    const { NodeJSKernelBackend } = requireOfBindingPackage(place, "dist/nodejs_kernel_backend.js") as {
      NodeJSKernelBackend: { prototype: object };
    };
    // Its backend is a backend of the core that is loaded here, whose registry it therefore fills.
    const { KernelBackend } = createRequire(import.meta.url)("@tensorflow/tfjs-core") as typeof tf;
    expect(NodeJSKernelBackend.prototype).toBeInstanceOf(KernelBackend);
    requireOfBindingPackage(place, "dist/register_all_kernels.js");
    expect(tf.getKernel("BatchMatMul", "tensorflow")).toBeDefined();
  });
});

it("pins the version of the core", () => {
  expect(BINDING_VERSION).toBe(tf.version_core);
});
