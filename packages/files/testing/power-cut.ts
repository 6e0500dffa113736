import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { basename, dirname, join, relative, resolve, sep } from "node:path";

/**
 * What a power cut may leave of what a program wrote.
 *
 * The model is the pessimistic reading of POSIX: contents of a file are on the disk after a sync of the file, names of a
 * folder after a sync of the folder, and whatever is not synced may be there or not, each call for itself, in any order; a
 * write may also be there by half. A rename happens wholly or not at all.
 */

/** A file or folder, whatever its names. */
interface Inode {
  readonly kind: "file" | "folder";
}

/** A change of names, or of contents. */
type Change =
  | { readonly type: "names"; readonly names: readonly NameChange[] }
  | { readonly type: "bytes"; readonly file: Inode; readonly at: number; readonly bytes: Uint8Array }
  | { readonly type: "length"; readonly file: Inode; readonly length: number };

interface NameChange {
  readonly folder: Inode;
  readonly name: string;
  /** Null where the name goes. */
  readonly inode: Inode | null;
}

/** A call that was recorded. */
type Call = Change | { readonly type: "sync"; readonly inode: Inode };

/** Files by path, as text in latin1, and folders as null; paths are relative and ascending. */
export type DiskState = ReadonlyMap<string, string | null>;

/** How many ways a power cut may choose from at one place; more than that, and the program should sync more often. */
const MOST_CHOICES = 200_000;

/** Records what is done below a folder through `node:fs/promises`, in this process. */
export class RecordedDisk {
  readonly #root: string;
  readonly #top: Inode = { kind: "folder" };
  readonly #calls: Call[] = [];
  readonly #initialCalls: number;
  /** Names as the running program sees them. */
  readonly #names = new Map<Inode, Map<string, Inode>>();
  readonly #lengths = new Map<Inode, number>();
  readonly #handles = new WeakMap<object, { readonly inode: Inode; at: number; readonly appends: boolean }>();
  readonly #undo: (() => void)[] = [];

  private constructor(root: string, probe: fs.promises.FileHandle) {
    this.#root = root;
    this.#names.set(this.#top, new Map());
    this.#readInitial("");
    this.#initialCalls = this.#calls.length;
    this.#patchModule();
    this.#patchHandles(Object.getPrototypeOf(probe) as Record<string, AnyFunction>);
    syncBuiltinESMExports();
  }

  /** Begins to record; what the folder holds already counts as being on the disk. */
  static async start(root: string): Promise<RecordedDisk> {
    const probe = await fs.promises.open(root);
    await probe.close();
    return new RecordedDisk(fs.realpathSync(root), probe);
  }

  /** Ends the recording. */
  stop(): void {
    for (const undo of this.#undo.splice(0)) undo();
    syncBuiltinESMExports();
  }

  /** Calls so far, syncs included. */
  get callCount(): number {
    return this.#calls.length - this.#initialCalls;
  }

  /**
   * Every state that a power cut may leave, each once, from the first call to the last.
   * @param keyOf what tells two states apart; those of equal keys come once @defaultValue everything
   */
  *states(keyOf: (state: DiskState) => string = textOf): Generator<{ after: number; state: DiskState }> {
    const seen = new Set<string>();
    for (let count = this.#initialCalls; count <= this.#calls.length; count++) {
      // A sync leaves fewer possibilities, and a power cut before a call was considered before.
      if (count > this.#initialCalls && this.#calls[count - 1].type === "sync") continue;
      for (const state of this.#statesAfter(count)) {
        const key = keyOf(state);
        if (seen.has(key)) continue;
        seen.add(key);
        yield { after: count - this.#initialCalls, state };
      }
    }
  }

  /**
   * One state that a power cut may leave after a number of calls.
   * @param random numbers from 0, below 1, by which it is drawn what of the unsynced is there
   */
  stateAfter(count: number, random: () => number): DiskState {
    const calls = this.#calls.slice(0, this.#initialCalls + count);
    const choices = this.#choicesOf(calls);
    return this.#apply(choices.flatMap((some) => some[Math.floor(random() * some.length)] ?? []));
  }

  /** States after a number of calls, of those with the last of them where it is no sync. */
  *#statesAfter(count: number): Generator<DiskState> {
    const calls = this.#calls.slice(0, count);
    const options = this.#choicesOf(calls).map((some, index) =>
      index === count - 1 ? some.filter((choice) => choice !== null || some.length === 1) : some,
    );
    const choices = options.reduce((product, { length }) => product * length, 1);
    if (choices > MOST_CHOICES) throw new Error(`${choices} states after call ${count}`);
    for (let choice = 0; choice < choices; choice++) {
      let rest = choice;
      const chosen = options.flatMap((some) => {
        const one = some[rest % some.length];
        rest = Math.floor(rest / some.length);
        return one === null ? [] : [one];
      });
      yield this.#apply(chosen);
    }
  }

  /** What may be left of each call: all, half or, as null, nothing; nothing is left of a sync. */
  #choicesOf(calls: readonly Call[]): (readonly (Change | null)[])[] {
    return calls.map((call, index) => {
      if (call.type === "sync") return [null];
      if (index < this.#initialCalls || isSynced(call, calls.slice(index + 1))) return [call];
      return call.type === "bytes" && call.bytes.length > 1 ? [call, halfOf(call), null] : [call, null];
    });
  }

  #apply(changes: readonly Change[]): DiskState {
    const names = new Map<Inode, Map<string, Inode>>();
    const contents = new Map<Inode, Uint8Array>();
    for (const change of changes) {
      if (change.type === "names") {
        for (const { folder, name, inode } of change.names) {
          const entries = names.get(folder) ?? new Map<string, Inode>();
          names.set(folder, entries);
          if (inode === null) entries.delete(name);
          else entries.set(name, inode);
        }
        continue;
      }
      const before = contents.get(change.file) ?? new Uint8Array(0);
      const length =
        change.type === "length" ? change.length : Math.max(before.length, change.at + change.bytes.length);
      const after = new Uint8Array(length);
      after.set(before.subarray(0, length));
      if (change.type === "bytes") after.set(change.bytes, change.at);
      contents.set(change.file, after);
    }
    const state = new Map<string, string | null>();
    const walk = (folder: Inode, prefix: string): void => {
      for (const [name, inode] of [...(names.get(folder) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const path = `${prefix}${name}`;
        if (inode.kind === "file") {
          state.set(path, Buffer.from(contents.get(inode) ?? []).toString("latin1"));
        } else {
          state.set(path, null);
          walk(inode, `${path}/`);
        }
      }
    };
    walk(this.#top, "");
    return state;
  }

  /** Place within the recorded folder, or null outside it. */
  #within(path: unknown): string | null {
    if (typeof path !== "string") return null;
    // The last name may be a link or nothing yet; only what leads there is followed.
    const parent = realFolder(dirname(resolve(path)));
    const place = relative(this.#root, join(parent, basename(resolve(path))));
    return place === ".." || place.startsWith(`..${sep}`) ? null : place;
  }

  #inodeAt(place: string): Inode | undefined {
    let inode: Inode | undefined = this.#top;
    for (const name of place === "" ? [] : place.split(sep)) {
      inode = inode && this.#names.get(inode)?.get(name);
    }
    return inode;
  }

  #folderOf(place: string): Inode {
    const parent = dirname(place);
    const folder = this.#inodeAt(parent === "." ? "" : parent);
    if (!folder) throw new Error(`recorded disk: no folder for ${place}`);
    return folder;
  }

  #rename(changes: readonly NameChange[]): void {
    this.#calls.push({ type: "names", names: changes });
    for (const { folder, name, inode } of changes) {
      const entries = this.#names.get(folder) ?? new Map<string, Inode>();
      this.#names.set(folder, entries);
      if (inode === null) entries.delete(name);
      else entries.set(name, inode);
    }
  }

  #make(place: string, kind: Inode["kind"]): Inode {
    const inode: Inode = { kind };
    this.#rename([{ folder: this.#folderOf(place), name: basename(place), inode }]);
    if (kind === "folder") this.#names.set(inode, new Map());
    return inode;
  }

  #write(file: Inode, at: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#calls.push({ type: "bytes", file, at, bytes: Uint8Array.from(bytes) });
    this.#lengths.set(file, Math.max(this.#lengths.get(file) ?? 0, at + bytes.length));
  }

  #cut(file: Inode, length: number): void {
    if ((this.#lengths.get(file) ?? 0) === length) return;
    this.#calls.push({ type: "length", file, length });
    this.#lengths.set(file, length);
  }

  #readInitial(prefix: string): void {
    for (const entry of fs.readdirSync(join(this.#root, prefix), { withFileTypes: true })) {
      const place = join(prefix, entry.name);
      if (entry.isDirectory()) {
        this.#make(place, "folder");
        this.#readInitial(place);
      } else {
        this.#write(this.#make(place, "file"), 0, fs.readFileSync(join(this.#root, place)));
      }
    }
  }

  #removeTree(place: string): void {
    const inode = this.#inodeAt(place);
    if (!inode) return;
    for (const name of [...(this.#names.get(inode)?.keys() ?? [])]) this.#removeTree(join(place, name));
    this.#rename([{ folder: this.#folderOf(place), name: basename(place), inode: null }]);
  }

  /** Calls the plain function, then takes note of what it did. */
  #wrap(
    owner: Record<string, AnyFunction>,
    name: string,
    note: (values: readonly unknown[], result: unknown, self: object) => void,
  ): void {
    const plain = owner[name];
    owner[name] = async function (this: object, ...values: unknown[]) {
      const result: unknown = await plain.apply(this, values);
      note(values, result, this);
      return result;
    };
    this.#undo.push(() => {
      owner[name] = plain;
    });
  }

  #opened(path: unknown, flags: string): { inode: Inode; place: string } | null {
    const place = this.#within(path);
    if (place === null) return null;
    const found = this.#inodeAt(place);
    const inode = found ?? this.#make(place, "file");
    if (flags.startsWith("w")) this.#cut(inode, 0);
    return { inode, place };
  }

  #patchModule(): void {
    const owner = fs.promises as unknown as Record<string, AnyFunction>;
    this.#wrap(owner, "open", ([path, flags = "r"], handle) => {
      const opened = this.#opened(path, String(flags));
      if (!opened) return;
      this.#handles.set(handle as object, {
        inode: opened.inode,
        at: 0,
        appends: String(flags).startsWith("a"),
      });
    });
    for (const name of ["writeFile", "appendFile"] as const) {
      this.#wrap(owner, name, ([path, contents]) => {
        const opened = this.#opened(path, name === "writeFile" ? "w" : "a");
        if (opened) this.#write(opened.inode, this.#lengths.get(opened.inode) ?? 0, bytesOf(contents));
      });
    }
    this.#wrap(owner, "truncate", ([path, length = 0]) => {
      const opened = this.#opened(path, "r+");
      if (opened) this.#cut(opened.inode, Number(length));
    });
    this.#wrap(owner, "mkdir", ([path, given]) => {
      if (given !== undefined) throw new Error("recorded disk: mkdir with options");
      const place = this.#within(path);
      if (place !== null) this.#make(place, "folder");
    });
    this.#wrap(owner, "rename", ([from, to]) => {
      const [source, target] = [this.#within(from), this.#within(to)];
      if (source === null && target === null) return;
      if (source === null || target === null) throw new Error("recorded disk: a rename across its border");
      this.#rename([
        { folder: this.#folderOf(source), name: basename(source), inode: null },
        { folder: this.#folderOf(target), name: basename(target), inode: this.#inodeAt(source)! },
      ]);
    });
    for (const name of ["rm", "rmdir", "unlink"]) {
      this.#wrap(owner, name, ([path]) => {
        const place = this.#within(path);
        if (place !== null) this.#removeTree(place);
      });
    }
    for (const name of ["cp", "copyFile", "link", "symlink"]) {
      this.#wrap(owner, name, ([, to]) => {
        if (this.#within(to) !== null) throw new Error(`recorded disk: ${name} is not recorded`);
      });
    }
  }

  #patchHandles(owner: Record<string, AnyFunction>): void {
    this.#wrap(owner, "write", (values, result, self) => {
      const state = this.#handles.get(self);
      if (!state) return;
      const [data, offset = 0, , position = null] = values;
      const { bytesWritten } = result as { bytesWritten: number };
      const from = typeof data === "string" ? 0 : Number(offset);
      const bytes = bytesOf(data).subarray(from, from + bytesWritten);
      const end = this.#lengths.get(state.inode) ?? 0;
      const at = state.appends ? end : typeof position === "number" ? position : state.at;
      this.#write(state.inode, at, bytes);
      if (typeof position !== "number") state.at = at + bytes.length;
    });
    for (const name of ["writeFile", "appendFile"]) {
      this.#wrap(owner, name, ([contents], _result, self) => {
        const state = this.#handles.get(self);
        if (!state) return;
        const bytes = bytesOf(contents);
        const at = state.appends ? (this.#lengths.get(state.inode) ?? 0) : state.at;
        this.#write(state.inode, at, bytes);
        state.at = at + bytes.length;
      });
    }
    this.#wrap(owner, "truncate", ([length = 0], _result, self) => {
      const state = this.#handles.get(self);
      if (state) this.#cut(state.inode, Number(length));
    });
    for (const name of ["sync", "datasync"]) {
      this.#wrap(owner, name, (_values, _result, self) => {
        const state = this.#handles.get(self);
        if (state) this.#calls.push({ type: "sync", inode: state.inode });
      });
    }
  }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyFunction = (...values: any[]) => any;

/** Whether a later sync has brought a change to the disk. */
function isSynced(change: Change, later: readonly Call[]): boolean {
  const places = change.type === "names" ? change.names.map(({ folder }) => folder) : [change.file];
  return later.some((call) => call.type === "sync" && places.includes(call.inode));
}

function halfOf(change: Extract<Change, { type: "bytes" }>): Change {
  return { ...change, bytes: change.bytes.subarray(0, change.bytes.length >> 1) };
}

function bytesOf(data: unknown): Uint8Array {
  if (typeof data === "string") return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw new Error("recorded disk: contents that are neither text nor bytes");
}

function realFolder(path: string): string {
  try {
    return fs.realpathSync(path);
  } catch {
    return path;
  }
}

function textOf(state: DiskState): string {
  return JSON.stringify([...state]);
}

/** A number that no process has: systems count to 4194304. */
const DEAD_PROCESS = "4194305";

/** Puts a state into an empty folder, as after a restart: the process that wrote it is dead. */
export function layOut(state: DiskState, folder: string): void {
  const ofDead = (path: string): string =>
    path.replaceAll(/(?<=[0-9a-f]{8}-)[1-9][0-9]{0,9}(?=-[0-9a-f]{1,12}-[0-9a-f]{8})/g, DEAD_PROCESS);
  for (const [path, contents] of state) {
    const place = join(folder, ofDead(path));
    if (contents === null) fs.mkdirSync(place);
    else fs.writeFileSync(place, contents, "latin1");
  }
}
