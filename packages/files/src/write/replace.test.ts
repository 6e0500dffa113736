import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { chmod, chown, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileError } from "../errors/file-error.js";
import { LockedError } from "../lock/locked-error.js";
import { checkWritable } from "./check-writable.js";
import { makeFolder } from "./make-folder.js";
import { replaceFile } from "./replace-file.js";
import { replaceFolder } from "./replace-folder.js";
import { isOnTheWay, sweepLeftovers } from "./sweep-leftovers.js";
import { parseTemporaryName, temporaryName } from "./temporary-name.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lathe-replace-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const onLinux = it.runIf(process.platform === "linux");
const withBash = it.skipIf(process.platform === "win32");

describe("makeFolder", () => {
  it("makes what is missing, and tells the topmost folder that it made", async () => {
    expect(await makeFolder(join(folder, "a/b/c"))).toBe(join(folder, "a"));
    expect(await makeFolder(join(folder, "a/b/c"))).toBeNull();
    expect(await makeFolder(join(folder, "a/b/d"))).toBe(join(folder, "a/b/d"));
    expect(await makeFolder("/")).toBeNull();
  });

  onLinux.each(["/proc/x", "/proc/x/y/z", "/proc/self/x", "/sys/x", "/dev/null/x", "/dev/null"])(
    "refuses %s in one sentence with the path",
    async (path) => {
      const error: unknown = await makeFolder(path).catch((fault: unknown) => fault);
      expect(error).toBeInstanceOf(FileError);
      const { message, path: named } = error as FileError;
      expect(path.startsWith(named)).toBe(true);
      expect(message).toMatch(/^\/[a-z/]+: (cannot be made: |is a file)[^\n]+$/);
    },
  );

  it("tells a file and a dangling link from a folder", async () => {
    await writeFile(join(folder, "file"), "");
    await symlink(join(folder, "nothing"), join(folder, "link"));
    await expect(makeFolder(join(folder, "file"))).rejects.toThrow(/file: is a file/);
    await expect(makeFolder(join(folder, "file/below"))).rejects.toThrow(FileError);
    await expect(makeFolder(join(folder, "link"))).rejects.toThrow(/leads nowhere/);
  });
});

describe("checkWritable", () => {
  onLinux.each(["/proc/x", "/proc/x/y", "/proc/x.jsonl", "/sys/x", "/dev/null/x"])(
    "refuses %s",
    async (place) => {
      const error: unknown = await checkWritable(place).catch((fault: unknown) => fault);
      expect(error).toBeInstanceOf(FileError);
      expect((error as FileError).message.startsWith(`${place}: cannot be `)).toBe(true);
    },
  );

  it("takes what can be made or replaced, and leaves nothing", async () => {
    await writeFile(join(folder, "file"), "");
    for (const place of ["a", "a/b/c", "file", "."]) await checkWritable(join(folder, place));
    await checkWritable("/dev/null");
    await expect(checkWritable(join(folder, "file/below"))).rejects.toThrow(/file is a file/);
    expect(await readdir(folder)).toEqual(["file"]);
  });
});

describe("replaceFile", () => {
  it("writes texts, bytes and what a function writes, into folders that are missing", async () => {
    const path = join(folder, "a/b.txt");
    await replaceFile(path, "text");
    expect(await readFile(path, "utf8")).toBe("text");
    await replaceFile(path, Uint8Array.of(65, 66));
    expect(await readFile(path, "utf8")).toBe("AB");
    await replaceFile(path, async (file) => {
      await file.write("piece ");
      await file.write("by piece");
    });
    expect(await readFile(path, "utf8")).toBe("piece by piece");
    expect(await readdir(join(folder, "a"))).toEqual(["b.txt"]);
  });

  it("keeps the old file and leaves nothing behind when the contents fail", async () => {
    const path = join(folder, "file");
    await replaceFile(path, "old");
    const fault = new Error("broken");
    await expect(
      replaceFile(path, async (file) => {
        await file.write("half");
        throw fault;
      }),
    ).rejects.toBe(fault);
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["file"]);
  });

  withBash("keeps permissions, and links to where they lead", async () => {
    const path = join(folder, "file");
    await writeFile(path, "old");
    await chmod(path, 0o640);
    symlinkSync(path, join(folder, "link"));
    await replaceFile(join(folder, "link"), "new");
    expect(readFileSync(path, "utf8")).toBe("new");
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect((await readdir(folder)).sort()).toEqual(["file", "link"]);
  });

  onLinux("writes into a device as it stands, and reports a full one", async () => {
    await replaceFile("/dev/null", "gone");
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
    await expect(replaceFile("/dev/full", "too much")).rejects.toThrow(
      "/dev/full: cannot be written: no space is left on the device",
    );
  });

  onLinux.each(["/proc/x.json", "/proc/x/y.json", "/sys/x.json"])("refuses %s", async (path) => {
    await expect(replaceFile(path, "")).rejects.toThrow(FileError);
  });

  it("refuses a folder", async () => {
    await expect(replaceFile(folder, "")).rejects.toThrow(/is a folder/);
  });
});

describe("replaceFolder", () => {
  const fill = (text: string) => async (into: string) => {
    await mkdir(join(into, "inner"));
    await writeFile(join(into, "inner/file"), text);
    return text;
  };

  it("makes and replaces a folder as a whole, and returns what was returned", async () => {
    const place = join(folder, "deep/place");
    expect(await replaceFolder(place, fill("one"))).toBe("one");
    await writeFile(join(place, "more"), "");
    expect(await replaceFolder(place, fill("two"))).toBe("two");
    expect(await readdir(place)).toEqual(["inner"]);
    expect(await readFile(join(place, "inner/file"), "utf8")).toBe("two");
    expect(await readdir(join(folder, "deep"))).toEqual(["place"]);
  });

  it("leaves nothing behind when filling fails, folders made on the way included", async () => {
    const fault = new Error("broken");
    const failing = async (into: string): Promise<never> => {
      await writeFile(join(into, "half"), "");
      throw fault;
    };
    await expect(replaceFolder(join(folder, "a/b/place"), failing)).rejects.toBe(fault);
    expect(await readdir(folder)).toEqual([]);
    await replaceFolder(join(folder, "place"), fill("old"));
    await expect(replaceFolder(join(folder, "place"), failing)).rejects.toBe(fault);
    expect(await readFile(join(folder, "place/inner/file"), "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["place"]);
  });

  it("asks before the work and before the renaming", async () => {
    let asked = 0;
    const check = async (): Promise<void> => {
      if (++asked === 2) throw new Error("it has come meanwhile");
    };
    await expect(replaceFolder(join(folder, "place"), fill(""), { check })).rejects.toThrow("meanwhile");
    expect(await readdir(folder)).toEqual([]);
  });

  it("refuses a place that is being written, telling the process", async () => {
    const place = join(folder, "place");
    const outcome = await replaceFolder(place, async () =>
      replaceFolder(place, fill("")).catch((error: unknown) => error),
    );
    expect(outcome).toBeInstanceOf(LockedError);
    expect(outcome).toMatchObject({ path: place, pid: process.pid });
    expect((outcome as Error).message).toMatch(/since \d{4}-\d\d-\d\dT/);
    expect(await readdir(folder)).toEqual(["place"]);
  });

  it("names the file in the place, not the temporary one", async () => {
    const place = join(folder, "place");
    const missing = async (into: string) => await writeFile(join(into, "no/such/folder"), "");
    await expect(replaceFolder(place, missing)).rejects.toThrow(
      `${join(place, "no/such/folder")}: cannot be written`,
    );
    const nested = async (into: string) => await replaceFile(into, "");
    await expect(replaceFolder(place, nested)).rejects.toThrow(`${place}: is a folder`);
  });

  onLinux.each(["/proc/x", "/proc/x/y", "/sys/x"])("refuses %s", async (place) => {
    await expect(replaceFolder(place, fill(""))).rejects.toThrow(FileError);
  });
});

describe("a system without room", () => {
  const dist = fileURLToPath(new URL("../../dist/index.js", import.meta.url));
  const program = (place: string): string => `
    import { replaceFile, replaceFolder } from ${JSON.stringify(dist)};
    const big = new Uint8Array(200_000);
    for (const work of [
      () => replaceFile(${JSON.stringify(join(place, "file"))}, big),
      () => replaceFolder(${JSON.stringify(join(place, "out"))}, (into) => replaceFile(into + "/file", big)),
    ]) console.log(await work().then(() => "written", ({ name, message }) => name + " " + message));`;

  withBash("is told in one sentence with the path: a limit on the size of files", async () => {
    const place = folder;
    const command = `ulimit -f 40; exec "$0" --input-type=module --eval "$1"`;
    const output = execFileSync("bash", ["-c", command, process.execPath, program(place)], {
      encoding: "utf8",
    });
    const reason = "cannot be written: it would be larger than the limit on the size of files";
    expect(output.trim().split("\n")).toEqual([
      `FileError ${join(place, "file")}: ${reason}`,
      `FileError ${join(place, "out/file")}: ${reason}`,
    ]);
    expect(await readdir(place)).toEqual([]);
  });

  it("is told in one sentence with the path: a full disk", async (context) => {
    const place = join(folder, "small");
    await mkdir(place);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", place], { stdio: "ignore" });
    } catch {
      context.skip("only who may mount a file system has a small one");
    }
    try {
      const words = ["--input-type=module", "--eval", program(place)];
      const output = execFileSync(process.execPath, words, { encoding: "utf8" });
      const reason = "cannot be written: no space is left on the device";
      expect(output.trim().split("\n")).toEqual([
        `FileError ${join(place, "file")}: ${reason}`,
        `FileError ${join(place, "out/file")}: ${reason}`,
      ]);
      expect(await readdir(place)).toEqual([]);
    } finally {
      execFileSync("umount", [place]);
    }
  });
});

describe("sweepLeftovers", () => {
  const dead = (name: string, kind: "new" | "old"): string =>
    join(folder, `.${name}.00000000-1-0-00000000.${kind}`).replace("00000000-1", `${machine()}-4194305`);
  const machine = (): string => /\.([0-9a-f]{8})-/.exec(temporaryName("/x", "new"))![1];

  it("touches only what dead processes left under its own names", async () => {
    const kept = [".place.tmp", ".place.lock", "place.partial-1", ".git"];
    for (const name of kept) await mkdir(join(folder, name));
    await writeFile(temporaryName(join(folder, "living"), "new"), "");
    await writeFile(join(folder, ".elsewhere.ffffffff-4194305-0-00000000.new"), "");
    await mkdir(dead("half", "new"));
    await writeFile(dead("file", "new"), "");
    await sweepLeftovers(folder);
    const left = await readdir(folder);
    expect(left).toEqual(expect.arrayContaining([...kept, ".elsewhere.ffffffff-4194305-0-00000000.new"]));
    expect(left.length).toBe(kept.length + 2);
  });

  it.runIf(process.getuid?.() === 0)("leaves alone what other users left, where it is asked to", async () => {
    await mkdir(dead("own", "new"));
    await mkdir(dead("other", "new"));
    await chown(dead("other", "new"), 12_345, 12_345);
    await sweepLeftovers(folder, { ownOnly: true });
    expect(await readdir(folder)).toEqual([basename(dead("other", "new"))]);
    await sweepLeftovers(folder);
    expect(await readdir(folder)).toEqual([]);
  });

  it("puts back what was moved aside, unless its place was taken", async () => {
    await writeFile(dead("lost", "old"), "old");
    await writeFile(dead("taken", "old"), "old");
    await writeFile(join(folder, "taken"), "new");
    await sweepLeftovers(folder);
    expect((await readdir(folder)).sort()).toEqual(["lost", "taken"]);
    expect(await readFile(join(folder, "lost"), "utf8")).toBe("old");
    expect(await readFile(join(folder, "taken"), "utf8")).toBe("new");
  });

  it("reads the names that it gives, of any place", () => {
    for (const place of ["x", "a.new", ".hidden", "空 格", "x.0123abcd-1-2-00000000.old"]) {
      const entry = temporaryName(join("/folder", place), "old").slice("/folder/".length);
      expect(parseTemporaryName(entry)).toMatchObject({ place, kind: "old", owner: { pid: process.pid } });
      expect(isOnTheWay(entry)).toBe(true);
      expect(isOnTheWay(place)).toBe(false);
    }
  });

  it("does nothing where there is no folder", async () => {
    await sweepLeftovers(join(folder, "nothing"));
    expect(existsSync(join(folder, "nothing"))).toBe(false);
  });
});
