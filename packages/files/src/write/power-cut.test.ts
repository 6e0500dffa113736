/** Lays out every state that a power cut may leave of what the package writes, and looks at what a reader finds. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { mkdir, open, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { layOut, RecordedDisk } from "../../testing/power-cut.js";
import { removeFolder } from "./remove-folder.js";
import { replaceFile } from "./replace-file.js";
import { replaceFolder } from "./replace-folder.js";
import { recoverPlace } from "./sweep-leftovers.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lathe-power-cut-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Files by path, and folders with a slash. */
function treeOf(place: string, prefix = ""): Record<string, string> {
  return Object.fromEntries(
    readdirSync(join(place, prefix)).flatMap((name) => {
      const path = `${prefix}${name}`;
      return statSync(join(place, path)).isDirectory()
        ? [[`${path}/`, ""], ...Object.entries(treeOf(place, `${path}/`))]
        : [[path, readFileSync(join(place, path), "utf8")]];
    }),
  );
}

/** What is found after each power cut that may come while `work` writes in a folder, as texts, each once. */
async function found(
  begin: (disk: string) => void,
  work: (disk: string) => Promise<unknown>,
): Promise<string[]> {
  const disk = join(folder, "disk");
  mkdirSync(disk);
  begin(disk);
  const recorded = await RecordedDisk.start(disk);
  try {
    await work(disk);
  } finally {
    recorded.stop();
  }
  const trees = new Set<string>();
  for (const { state } of recorded.states()) {
    const after = join(folder, "after");
    mkdirSync(after);
    layOut(state, after);
    await recoverPlace(join(after, "place"));
    trees.add(JSON.stringify(treeOf(after)));
    rmSync(after, { recursive: true });
  }
  return [...trees].sort();
}

const text = (tree: Record<string, string>): string => JSON.stringify(tree);

it("a file that is replaced is the old or the new one", async () => {
  const trees = await found(
    (disk) => writeFileSync(join(disk, "place"), "old"),
    (disk) => replaceFile(join(disk, "place"), "the new one"),
  );
  expect(trees).toEqual([text({ place: "old" }), text({ place: "the new one" })]);
});

it("a folder that is replaced is the old or the new one, with all folders in it", async () => {
  const trees = await found(
    (disk) => {
      mkdirSync(join(disk, "place"));
      writeFileSync(join(disk, "place/a"), "old");
    },
    (disk) =>
      replaceFolder(join(disk, "place"), async (into) => {
        await mkdir(join(into, "outer"));
        await mkdir(join(into, "outer/inner"));
        await writeFile(join(into, "outer/inner/b"), "new");
      }),
  );
  expect(trees).toEqual([
    text({ "place/": "", "place/a": "old" }),
    text({ "place/": "", "place/outer/": "", "place/outer/inner/": "", "place/outer/inner/b": "new" }),
  ]);
});

it("a folder that is removed is whole or gone", async () => {
  const trees = await found(
    (disk) => {
      mkdirSync(join(disk, "place"));
      for (const name of ["a", "b"]) writeFileSync(join(disk, "place", name), name);
    },
    (disk) => removeFolder(join(disk, "place")),
  );
  expect(trees).toEqual([text({ "place/": "", "place/a": "a", "place/b": "b" }), text({})]);
});

it("finds what is renamed before it is synced, and what is removed file by file", async () => {
  const hasty = await found(
    (disk) => writeFileSync(join(disk, "place"), "old"),
    async (disk) => {
      await writeFile(join(disk, "beside"), "new!");
      await rename(join(disk, "beside"), join(disk, "place"));
    },
  );
  expect(hasty).toContain(text({ place: "" }));
  expect(hasty).toContain(text({ place: "ne" }));
  rmSync(join(folder, "disk"), { recursive: true });
  const appended = await found(
    (disk) => writeFileSync(join(disk, "place"), "1\n"),
    async (disk) => {
      const handle = await open(join(disk, "place"), "a");
      await handle.write("2\n");
      await handle.write("3\n");
      await handle.sync();
      await handle.close();
    },
  );
  expect(appended).toContain(text({ place: "1\n\0\x003\n" }));
  expect(appended).toContain(text({ place: "1\n2" }));
});
