import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A disk of few bytes. */
export interface SmallDisk {
  /** Where it is mounted. */
  readonly place: string;
  /** Gives it another size; what it holds stays. */
  resize(bytes: number): Promise<void>;
  remove(): Promise<void>;
}

/** Mounts a disk of so many bytes at a place that is free, or gives null where that cannot be done here. */
export async function mountSmallDisk(place: string, bytes: number): Promise<SmallDisk | null> {
  await mkdir(place);
  const mounted = await execute("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", place]).catch(
    () => null,
  );
  if (mounted === null) return null;
  return {
    place,
    async resize(size) {
      await execute("mount", ["-o", `remount,size=${size}`, place]);
    },
    async remove() {
      await execute("umount", [place]);
    },
  };
}
