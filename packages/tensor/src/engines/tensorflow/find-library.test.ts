import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bindingPackageFolder } from "./binding-package.js";
import { compileArguments } from "./compile-binding.js";
import { findTensorFlow, libraryStamp } from "./find-library.js";

let root: string;
/** No Python of the machine's own. */
const bare = (more: Record<string, string> = {}) => ({ PATH: join(root, "bin"), ...more });
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "lathe-library-"));
});
afterEach(() => rm(root, { recursive: true }));

async function files(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), "");
  }
}
async function makePackage(isCuda: boolean): Promise<string> {
  const site = "venv/lib/python3.12/site-packages";
  await files(
    `${site}/tensorflow/libtensorflow_cc.so.2`,
    `${site}/tensorflow/libtensorflow_framework.so.2`,
    `${site}/tensorflow/include/tensorflow/c/c_api.h`,
    `${site}/tensorflow-2.20.0.dist-info/METADATA`,
    `${site}/nvidia/cuda_runtime/lib/libcudart.so.12`,
    `${site}/nvidia/cudnn/lib/libcudnn.so.9`,
    `${site}/nvidia/cudnn/lib/libcudnn_graph.so.9`,
  );
  const info = join(root, site, "tensorflow/python/platform/build_info.py");
  await mkdir(dirname(info), { recursive: true });
  await writeFile(info, `build_info = dict([('is_cuda_build', ${isCuda ? "True" : "False"})])\n`);
  return join(root, site, "tensorflow");
}

describe("findTensorFlow", () => {
  it("knows a C library, and its version from the name of the file", async () => {
    await files("c/lib/libtensorflow.so.2.18.0", "c/lib/libtensorflow_framework.so.2.18.0");
    await symlink("libtensorflow.so.2.18.0", join(root, "c/lib/libtensorflow.so.2"));
    await symlink("libtensorflow_framework.so.2.18.0", join(root, "c/lib/libtensorflow_framework.so.2"));
    await expect(findTensorFlow(join(root, "c"), bare())).rejects.toThrow(/not its headers/);
    await files("c/include/tensorflow/c/c_api.h");
    const library = await findTensorFlow(join(root, "c"), bare());
    expect(library).toMatchObject({
      layout: "C library",
      version: "2.18.0",
      include: join(root, "c/include"),
    });
    expect(library.files.map((file) => file.slice(root.length))).toEqual([
      "/c/lib/libtensorflow.so.2",
      "/c/lib/libtensorflow_framework.so.2",
    ]);
  });

  it("knows a Python package by its folder, its site-packages and its environment", async () => {
    const folder = await makePackage(false);
    for (const named of [folder, dirname(folder), join(root, "venv")]) {
      expect(await findTensorFlow(named, bare())).toMatchObject({
        folder,
        layout: "Python package",
        version: "2.20.0",
        isCudaBuild: false,
        cudaFiles: [],
      });
    }
  });

  it("links the CUDA packages beside a build for CUDA, and only those that TensorFlow asks for by name", async () => {
    const folder = await makePackage(true);
    const library = await findTensorFlow(folder, bare());
    expect(library.cudaFiles.map((file) => file.slice(dirname(folder).length))).toEqual([
      "/nvidia/cuda_runtime/lib/libcudart.so.12",
      "/nvidia/cudnn/lib/libcudnn.so.9",
    ]);
    const line = compileArguments(library, bindingPackageFolder()!, "out.node").join(" ");
    expect(line).toContain("-l:libcudart.so.12");
    expect(line).toContain(`-Wl,-rpath,${dirname(folder)}/nvidia/cudnn/lib`);
  });

  it("takes the flag before the variables, and those in order", async () => {
    const folder = await makePackage(false);
    const environment = bare({ LATHE_TENSORFLOW: folder, TENSORFLOW_DIR: join(root, "nowhere") });
    expect((await findTensorFlow(undefined, environment)).folder).toBe(folder);
    await expect(findTensorFlow(undefined, bare({ TENSORFLOW_DIR: join(root, "nowhere") }))).rejects.toThrow(
      /TENSORFLOW_DIR names .*nowhere, which holds no TensorFlow library/,
    );
    await expect(findTensorFlow(join(root, "nowhere"), environment)).rejects.toMatchObject({
      missing: "library",
    });
  });

  it("refuses a package from before it had a C library", async () => {
    await files(
      "old/tensorflow/libtensorflow_framework.so.2",
      "old/tensorflow/python/x.py",
      "old/tensorflow-2.7.0.dist-info/METADATA",
    );
    await expect(findTensorFlow(join(root, "old"), bare())).rejects.toThrow(
      /is 2\.7\.0 and has no C library in it; install TensorFlow 2\.12 or newer/,
    );
  });
});

it("stamps tell a library that was replaced from the one before", async () => {
  await files("lib.so");
  const path = join(root, "lib.so");
  const before = libraryStamp([path]);
  expect(libraryStamp([path])).toBe(before);
  await writeFile(path, "another");
  expect(libraryStamp([path])).not.toBe(before);
  expect(libraryStamp([join(root, "gone")])).toBeNull();
});
