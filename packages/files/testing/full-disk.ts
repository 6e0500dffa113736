import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname, resolve, sep } from "node:path";

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyFunction = (...values: any[]) => any;

/**
 * A disk that is full after so many calls that take space: from then on every write, every new file and every new folder below
 * a folder is refused with ENOSPC, in this process and through `node:fs/promises`. Of the first write that is refused, half is
 * done, as systems do.
 */
export class FullDisk {
  readonly #root: string;
  readonly #handles = new WeakSet();
  readonly #undo: (() => void)[] = [];
  #callsLeft: number;

  private constructor(root: string, calls: number, probe: fs.promises.FileHandle) {
    this.#root = root;
    this.#callsLeft = calls;
    this.#patchModule();
    this.#patchHandles(Object.getPrototypeOf(probe) as Record<string, AnyFunction>);
    syncBuiltinESMExports();
  }

  /** Begins to count. @param calls that there is still space for */
  static async start(root: string, calls: number): Promise<FullDisk> {
    const probe = await fs.promises.open(root);
    await probe.close();
    return new FullDisk(fs.realpathSync(root), calls, probe);
  }

  /** Whether a call was refused. */
  get isFull(): boolean {
    return this.#callsLeft < 0;
  }

  /** Makes space again. */
  stop(): void {
    for (const undo of this.#undo.splice(0)) undo();
    syncBuiltinESMExports();
  }

  #isWithin(path: unknown): boolean {
    if (typeof path !== "string") return false;
    let folder = dirname(resolve(path));
    while (!fs.existsSync(folder)) folder = dirname(folder);
    return `${fs.realpathSync(folder)}${sep}`.startsWith(`${this.#root}${sep}`);
  }

  /** Takes note of a call. @returns how much of it is done: all, or half of the first that is refused */
  #take(): 1 | 0.5 | 0 {
    this.#callsLeft--;
    if (this.#callsLeft >= 0) return 1;
    return this.#callsLeft === -1 ? 0.5 : 0;
  }

  #replace(owner: Record<string, AnyFunction>, name: string, by: (plain: AnyFunction) => AnyFunction): void {
    const plain = owner[name];
    owner[name] = by(plain);
    this.#undo.push(() => {
      owner[name] = plain;
    });
  }

  #patchModule(): void {
    const owner = fs.promises as unknown as Record<string, AnyFunction>;
    const take = (): 1 | 0.5 | 0 => this.#take();
    const isWithin = (path: unknown): boolean => this.#isWithin(path);
    const handles = this.#handles;
    this.#replace(owner, "mkdir", (plain) => async (path: unknown, ...rest: unknown[]) => {
      if (isWithin(path) && take() < 1) throw noSpace("mkdir", path);
      return (await plain(path, ...rest)) as unknown;
    });
    this.#replace(
      owner,
      "open",
      (plain) =>
        async (path: unknown, flags: unknown = "r", ...rest: unknown[]) => {
          const isNew = isWithin(path) && /^[wa]/.test(String(flags)) && !fs.existsSync(path as string);
          if (isNew && take() < 1) throw noSpace("open", path);
          const handle = (await plain(path, flags, ...rest)) as object;
          if (isWithin(path)) handles.add(handle);
          return handle;
        },
    );
    this.#replace(owner, "copyFile", (plain) => async (from: unknown, to: unknown, ...rest: unknown[]) => {
      const share = isWithin(to) ? take() : 1;
      if (share > 0) await plain(from, to, ...rest);
      if (share < 1) throw noSpace("copyfile", to);
    });
    for (const name of ["writeFile", "appendFile"] as const) {
      this.#replace(owner, name, (plain) => async (path: unknown, contents: unknown, ...rest: unknown[]) => {
        const share = isWithin(path) ? take() : 1;
        const bytes = Buffer.from(contents as Uint8Array);
        if (share > 0) await plain(path, bytes.subarray(0, bytes.length * share), ...rest);
        if (share < 1) throw noSpace("write", path);
      });
    }
  }

  #patchHandles(owner: Record<string, AnyFunction>): void {
    const take = (): 1 | 0.5 | 0 => this.#take();
    const handles = this.#handles;
    this.#replace(
      owner,
      "write",
      (plain) =>
        async function (
          this: object,
          data: Uint8Array,
          offset = 0,
          length = data.length - offset,
          ...rest: unknown[]
        ) {
          const share = handles.has(this) ? take() : 1;
          if (share === 0) throw noSpace("write");
          // A short write is no error; the next one is.
          return (await plain.call(this, data, offset, Math.ceil(length * share), ...rest)) as unknown;
        },
    );
    for (const name of ["writeFile", "appendFile"]) {
      this.#replace(
        owner,
        name,
        (plain) =>
          async function (this: object, contents: unknown, ...rest: unknown[]) {
            const share = handles.has(this) ? take() : 1;
            const bytes = Buffer.from(contents as Uint8Array);
            if (share > 0) await plain.call(this, bytes.subarray(0, bytes.length * share), ...rest);
            if (share < 1) throw noSpace("write");
          },
      );
    }
  }
}

function noSpace(syscall: string, path?: unknown): Error {
  const of = typeof path === "string" ? { path } : {};
  const message = `ENOSPC: no space left on device, ${syscall}`;
  return Object.assign(new Error(message), { code: "ENOSPC", errno: -28, syscall, ...of });
}
