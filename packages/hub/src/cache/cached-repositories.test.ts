import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { parseRepository } from "../repository/hub-repository.js";
import { hubSettings, type HubSettings } from "../settings/hub-settings.js";
import { temporaryFolder } from "../testing/folders.js";
import { cachedRepositories, removeCached } from "./cached-repositories.js";

const [one, two] = ["1", "2"].map((digit) => digit.repeat(40));
let settings: HubSettings;
let folder: string;

/** A cache as Python's tools leave one: two commits of a model that share a file. */
beforeEach(async () => {
  const home = await temporaryFolder();
  settings = hubSettings({ HF_HOME: home, XDG_CACHE_HOME: home });
  folder = join(home, "hub", "models--org--m");
  const files: Record<string, string> = {
    "blobs/a": "aaaa",
    "blobs/b": "bbbbbb",
    "blobs/c": "cc",
    "refs/main": two,
    "refs/tags/v1": one,
    "../datasets--org--rows/blobs/d": "d",
    "../.locks/models--org--m/x": "",
    "../models--no-owner/blobs/e": "e",
    "../version.txt": "1",
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const links = {
    [`${one}/config.json`]: "a",
    [`${one}/x.bin`]: "b",
    [`${two}/config.json`]: "a",
    [`${two}/x.bin`]: "c",
  };
  for (const [path, blob] of Object.entries(links)) {
    await mkdir(dirname(join(folder, "snapshots", path)), { recursive: true });
    await symlink(join("..", "..", "blobs", blob), join(folder, "snapshots", path));
  }
});

it("lists what is in the caches, with the revisions of each", async () => {
  const found = await cachedRepositories(settings);
  expect(found.map(({ kind, id }) => [kind, id])).toEqual([
    ["dataset", "org/rows"],
    ["model", "org/m"],
  ]);
  expect(found[1]).toMatchObject({ hub: "huggingface", path: folder, bytes: 12 + 80 });
  expect(found[1].revisions).toMatchObject([
    { commit: one, refs: ["tags/v1"], bytes: 10, files: 2 },
    { commit: two, refs: ["main"], bytes: 6, files: 2 },
  ]);
});

it("removes a revision with what it alone has, and a repository with all", async () => {
  const removed = await removeCached(parseRepository("org/m@tags/v1", "model")!, settings);
  expect(removed).toEqual({ commits: [one], freedBytes: 6 });
  expect((await readdir(join(folder, "blobs"))).sort()).toEqual(["a", "c"]);
  expect(await readdir(join(folder, "snapshots"))).toEqual([two]);
  await expect(removeCached(parseRepository("org/m@v9", "model")!, settings)).rejects.toThrow(
    "which has main of it",
  );
  expect((await removeCached(parseRepository("org/m", "model")!, settings)).commits).toEqual([two]);
  await expect(readdir(folder)).rejects.toThrow("ENOENT");
  await expect(removeCached(parseRepository("org/m", "model")!, settings)).rejects.toThrow("org/m is not in");
});

it("never follows a link out of the repository's own blobs", async () => {
  const outside = join(dirname(folder), "outside");
  await writeFile(outside, "mine");
  await symlink(outside, join(folder, "snapshots", one, "evil"));
  await symlink(join("..", "..", "..", "outside"), join(folder, "snapshots", one, "evil-too"));
  await removeCached(parseRepository("org/m@tags/v1", "model")!, settings);
  expect(await readdir(dirname(folder))).toContain("outside");
});
