import { asPhrase, type Phrase, phrase } from "@lathe/files";
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { checkCounts, checkExitCode, checkGroup, checkRoot, roomFor } from "../check-arguments.js";
import type { BlockingGroup, Collective, NumberArray, Reduction } from "../collective.js";
import { CollectiveError } from "../collective-error.js";
import { bindMpi, type MpiFunction, type MpiFunctions, type MpiHandles } from "./bind-mpi.js";
import { launchOf } from "./launch.js";
import { loadKoffi } from "./load-koffi.js";
import type { MpiMake } from "./mpi-make.js";
import { openLibrary } from "./open-library.js";

/** How ranks are joined. */
export interface MpiOptions {
  /** What the launcher said. @defaultValue `process.env` */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Name or path of the library. @defaultValue the usual names of the launcher's make */
  readonly library?: string | undefined;
  /**
   * Seconds after which a transfer counts as dead for which all ranks were there, besides those that its bytes take at the
   * slowest. @defaultValue 10
   */
  readonly stallSeconds?: number | undefined;
  /** Seconds that a rank waits for others, which may still compute, before it takes them for gone. @defaultValue 3600 */
  readonly waitSeconds?: number | undefined;
  /** The slowest that a network may be. @defaultValue 1,000,000 */
  readonly leastBytesPerSecond?: number | undefined;
  /** Values of one call of the library at most; more go in several. @defaultValue 2 ** 28 */
  readonly valuesPerCall?: number | undefined;
}

/** Ranks over MPI. */
export interface MpiCollective extends Collective {
  readonly make: MpiMake;
  /** Name or path of the library. */
  readonly library: string;
  /** What the library says of its version. */
  readonly version: string;
}

/** MPI_THREAD_SERIALIZED: any thread may call, one at a time. */
const SERIALIZED = 2;

/** Characters that the library writes at most: an error, and a version (MPI_MAX_LIBRARY_VERSION_STRING). */
const TEXT_BYTES = 8192;

const STALL_SECONDS = 10;
const WAIT_SECONDS = 3600;
const LEAST_BYTES_PER_SECOND = 1_000_000;
const VALUES_PER_CALL = 2 ** 28;
const MOST_VALUES = 2 ** 31 - 1;

/** Milliseconds between two looks at whether all ranks are there. */
const POLL_MS = 1;

/** Milliseconds that a rank of a group looks after the others without a pause: they compute the same, and are about to come. */
const SPIN_MS = 0.2;

/** Milliseconds between two looks after that. */
const PAUSE_MS = 0.05;

/** The one membership of this process: MPI cannot be begun twice. */
let joined = false;

/**
 * Joins the ranks that an MPI launcher has started; without a launcher this process is the only one. A process can do so once.
 *
 * Calls run beside the event loop. A rank that waits for others looks after them every millisecond and computes nothing
 * meanwhile, as MPI's own waiting would keep a core busy.
 *
 * @throws CollectiveError where koffi or the library is missing, or the library is of another make than the launcher: each process
 * would then train by itself and none would say so
 */
export async function mpiCollective(options: MpiOptions = {}): Promise<MpiCollective> {
  if (joined) throw new CollectiveError("closed", asPhrase("this process has joined its ranks before"));
  const launch = launchOf(options.environment ?? process.env);
  const koffi = await loadKoffi();
  const library = openLibrary(koffi, launch?.make ?? null, options.library);
  if (launch?.make && launch.make !== library.make) {
    throw new CollectiveError(
      "size",
      phrase`the launcher is ${launch.make} and ${library.file} is ${library.make}: launch with the library's own mpirun`,
    );
  }
  const { functions, handles } = bindMpi(koffi, library);
  const provided = new Int32Array(1);
  const code = functions.initThread(0, 0, SERIALIZED, provided);
  joined = true;
  if (code !== 0) throw new CollectiveError("call", phrase`${library.file} does not start: error ${code}`);
  if (provided[0] < SERIALIZED) {
    throw new CollectiveError(
      "threads",
      phrase`expected a library that may be called from several threads, got level ${provided[0]} of ${library.file}; install another build`,
    );
  }
  functions.setErrorHandler(handles.world, handles.errorsReturn);
  const number = (ask: MpiFunction): number => {
    const answer = new Int32Array(1);
    ask(handles.world, answer);
    return answer[0];
  };
  const [rank, size] = [number(functions.rank), number(functions.size)];
  if (launch && launch.size !== size) {
    throw new CollectiveError(
      "size",
      phrase`${launch.size} ranks were launched and ${library.file} knows of ${size}: launcher and library are not of the same make or version; use the mpirun that belongs to ${library.make}`,
    );
  }
  const version = textOf((text, length) => functions.version(text, length))
    .split("\n")[0]
    .trim();
  return new MpiRanks(functions, handles, options, {
    rank,
    size,
    make: library.make,
    library: library.file,
    version,
  });
}

function textOf(write: (text: Uint8Array, length: Int32Array) => unknown): string {
  const text = new Uint8Array(TEXT_BYTES);
  const length = new Int32Array(1);
  write(text, length);
  return new TextDecoder().decode(text.subarray(0, Math.max(0, length[0])));
}

type Facts = Pick<MpiCollective, "rank" | "size" | "make" | "library" | "version">;

class MpiRanks implements MpiCollective {
  readonly rank: number;
  readonly size: number;
  readonly make: MpiMake;
  readonly library: string;
  readonly version: string;
  /** A launcher that was killed cannot end its ranks any more. */
  readonly #parent = process.ppid;
  readonly #stallMs: number;
  readonly #waitMs: number;
  readonly #leastBytesPerSecond: number;
  readonly #valuesPerCall: number;
  /** Calls must begin in the same order on all ranks, and no two may be under way at once. */
  #last: Promise<unknown> = Promise.resolve();
  /** Calls that have begun or wait for their turn. */
  #underWay = 0;
  #state: "open" | "calling" | "stalled" | "closed" = "open";

  constructor(
    private readonly functions: MpiFunctions,
    private readonly handles: MpiHandles,
    {
      stallSeconds = STALL_SECONDS,
      waitSeconds = WAIT_SECONDS,
      leastBytesPerSecond = LEAST_BYTES_PER_SECOND,
      valuesPerCall = VALUES_PER_CALL,
    }: MpiOptions,
    { rank, size, make, library, version }: Facts,
  ) {
    this.rank = rank;
    this.size = size;
    this.make = make;
    this.library = library;
    this.version = version;
    this.#stallMs = stallSeconds * 1000;
    this.#waitMs = waitSeconds * 1000;
    this.#leastBytesPerSecond = leastBytesPerSecond;
    this.#valuesPerCall = valuesPerCall;
  }

  async allReduce(values: NumberArray, reduction: Reduction = "sum"): Promise<void> {
    const { inPlace, world } = this.handles;
    for (const piece of this.#pieces(values)) {
      const { allReduce } = this.functions;
      await this.#call("allReduce", allReduce, piece.byteLength, [
        inPlace,
        piece,
        piece.length,
        this.#typeOf(piece),
        this.handles[reduction],
        world,
      ]);
    }
  }

  async reduceScatter<Values extends NumberArray>(
    values: Values,
    counts: readonly number[],
    room?: Values,
  ): Promise<Values> {
    checkCounts(values, counts, this.size);
    checkLength(values.length);
    const own = roomFor(values, counts[this.rank], room);
    const { reduceScatter } = this.functions;
    await this.#call("reduceScatter", reduceScatter, values.byteLength, [
      values,
      own,
      Int32Array.from(counts),
      this.#typeOf(values),
      this.handles.sum,
      this.handles.world,
    ]);
    return own;
  }

  async allGather<Values extends NumberArray>(own: Values, room?: Values): Promise<Values[]> {
    const counts = new Int32Array(this.size);
    const ones = Int32Array.from({ length: this.size }, () => 1);
    const places = Int32Array.from(ones, (_, rank) => rank);
    await this.#gather(Int32Array.of(own.length), counts, ones, places);
    const total = counts.reduce((sum, count) => sum + count, 0);
    checkLength(total);
    let place = 0;
    counts.forEach((count, rank) => {
      places[rank] = place;
      place += count;
    });
    const all = roomFor(own, total, room);
    await this.#gather(own, all, counts, places);
    return Array.from(counts, (count, rank) => all.subarray(places[rank], places[rank] + count) as Values);
  }

  async broadcast(values: NumberArray, root = 0): Promise<void> {
    checkRoot(root, this.size);
    for (const piece of this.#pieces(values)) {
      await this.#call("broadcast", this.functions.broadcast, piece.byteLength, [
        piece,
        piece.length,
        this.#typeOf(piece),
        root,
        this.handles.world,
      ]);
    }
  }

  async blockingGroup(size: number): Promise<BlockingGroup> {
    checkGroup(size, this.size);
    const { rank } = this;
    const first = rank - (rank % size);
    // Handles are addresses or, with MPICH, whole numbers of half that width.
    const part = new BigInt64Array(1);
    const machines = await this.allGather(new Uint8Array(createHash("sha256").update(hostname()).digest()));
    const own = machines.slice(first, first + size);
    const isApart = own.some((machine) => machine.some((byte, place) => byte !== own[0][place]));
    const apart = Int32Array.of(isApart ? 1 : 0);
    await this.allReduce(apart, "max");
    if (apart[0] !== 0) {
      throw new CollectiveError(
        "arguments",
        phrase`expected each ${size} ranks after one another on one machine, as they add up within every layer, got some on several; launch as many on each machine`,
      );
    }
    const { world } = this.handles;
    await this.#call("blockingGroup", this.functions.split, 0, [world, Math.floor(rank / size), rank, part]);
    const group = this.make === "MPICH" ? Number(BigInt.asIntN(32, part[0])) : part[0];
    return {
      rank: rank - first,
      size,
      sum: (values) => {
        this.#sumNow(group, values);
      },
    };
  }

  async barrier(): Promise<void> {
    await this.#inTurn(() => this.#whenAllAreHere());
  }

  abort(code = 1): void {
    checkExitCode(code);
    // Under a call that never comes back the library takes no other, and the process could not exit by itself either:
    // its end is what the launcher notices.
    if (this.#state === "calling" || this.#state === "stalled") process.kill(process.pid, "SIGKILL");
    this.#state = "closed";
    this.functions.abort(this.handles.world, code);
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    // A rank that waits in the library itself would keep a core busy until the last one is here.
    await this.barrier();
    await this.#inTurn(async () => {
      this.#check("close", await this.#beside(this.functions.finalize, 0, []));
      this.#state = "closed";
    });
  }

  async #gather(own: NumberArray, all: NumberArray, counts: Int32Array, places: Int32Array): Promise<void> {
    const type = this.#typeOf(own);
    await this.#call("allGather", this.functions.allGather, all.byteLength, [
      own,
      own.length,
      type,
      all,
      counts,
      places,
      type,
      this.handles.world,
    ]);
  }

  /** Waits for all ranks and then makes a call. */
  async #call(
    name: keyof Collective,
    work: MpiFunction,
    bytes: number,
    values: readonly unknown[],
  ): Promise<void> {
    await this.#inTurn(async () => {
      await this.#whenAllAreHere();
      this.#check(name, await this.#beside(work, bytes, values));
    });
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    this.#underWay++;
    const turn = this.#last.then(async () => {
      this.#refuseClosed();
      await work();
    });
    this.#last = turn.catch(() => undefined);
    try {
      await turn;
    } finally {
      this.#underWay--;
    }
  }

  #refuseClosed(): void {
    if (this.#state === "open") return;
    throw new CollectiveError("closed", asPhrase("this rank takes part no more: it was closed"));
  }

  /** Adds up in a group, and holds the process up until that is done. */
  #sumNow(group: bigint | number, values: Float32Array): void {
    this.#refuseClosed();
    if (this.#underWay > 0) {
      throw new CollectiveError(
        "arguments",
        asPhrase("ranks of a group cannot add up while another call is under way: await that first"),
      );
    }
    const began = performance.now();
    const arrival = this.#arrival(group);
    while (!arrival()) if (performance.now() - began > SPIN_MS) pause(PAUSE_MS);
    for (const piece of this.#pieces(values)) {
      const { inPlace, sum } = this.handles;
      const { allReduce } = this.functions;
      const code = allReduce(inPlace, piece, piece.length, this.#typeOf(piece), sum, group);
      this.#check("blockingGroup", code);
    }
  }

  /** A barrier that does not keep a core busy. */
  async #whenAllAreHere(): Promise<void> {
    if (this.size === 1) return;
    const isHere = this.#arrival(this.handles.world);
    while (!isHere()) await sleep(POLL_MS);
  }

  /** Begins a barrier. @returns looks whether all are there, and throws where they do not come */
  #arrival(communicator: bigint | number): () => boolean {
    const request = new BigInt64Array(1);
    const isDone = new Int32Array(1);
    this.#check("barrier", this.functions.beginBarrier(communicator, request));
    const began = performance.now();
    return () => {
      this.#check("barrier", this.functions.test(request, isDone, this.handles.statusIgnore));
      if (isDone[0] !== 0) return true;
      if (process.ppid !== this.#parent) {
        throw new CollectiveError(
          "stalled",
          phrase`the launcher of rank ${this.rank} is gone, and other ranks with it`,
        );
      }
      if (performance.now() - began > this.#waitMs) {
        throw new CollectiveError(
          "stalled",
          phrase`rank ${this.rank} of ${this.size} has waited ${Math.round(this.#waitMs / 1000)} s for others to come: they are taken for gone`,
        );
      }
      return false;
    };
  }

  /** Makes a call beside the event loop. @param bytes that travel, by which it may take longer */
  async #beside(work: MpiFunction, bytes: number, values: readonly unknown[]): Promise<number> {
    this.#state = "calling";
    return await new Promise((resolve, reject) => {
      // The callback is all that is kept until the call comes back, so it has to hold the arrays that are written to.
      const kept = [...values];
      const limit = this.#stallMs + (bytes / this.#leastBytesPerSecond) * 1000;
      const watchdog = setTimeout(() => {
        this.#state = "stalled";
        reject(
          new CollectiveError(
            "stalled",
            phrase`rank ${this.rank} of ${this.size} has waited ${Math.round(limit / 1000)} s for what the others send: a machine or its network is gone`,
          ),
        );
      }, limit);
      work.async(...values, (error: Error | null, code: number) => {
        clearTimeout(watchdog);
        kept.length = 0;
        if (this.#state === "calling") this.#state = "open";
        if (error) reject(error);
        else resolve(code);
      });
    });
  }

  #check(name: keyof Collective, code: number): void {
    if (code === 0) return;
    const reason: Phrase | string = textOf((text, length) => this.functions.errorString(code, text, length));
    throw new CollectiveError("call", phrase`${name} of rank ${this.rank} failed: ${reason}`);
  }

  #typeOf(values: NumberArray): bigint | number {
    if (values instanceof Float32Array) return this.handles.float;
    if (values instanceof Float64Array) return this.handles.double;
    return values instanceof Int32Array ? this.handles.int : this.handles.unsignedChar;
  }

  *#pieces(values: NumberArray): Generator<NumberArray> {
    for (let start = 0; start < values.length; start += this.#valuesPerCall) {
      yield values.subarray(start, start + this.#valuesPerCall);
    }
  }
}

/** Sleeps without leaving the call. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** The library counts with 32 bits. */
function checkLength(length: number): void {
  if (length <= MOST_VALUES) return;
  throw new CollectiveError(
    "arguments",
    phrase`expected at most ${MOST_VALUES} values of all ranks together, got ${length}`,
  );
}
