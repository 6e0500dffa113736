import { asPhrase, phrase } from "@lathe/files";
import { checkCounts, checkExitCode, checkGroup, checkRoot, roomFor } from "./check-arguments.js";
import type { BlockingGroup, Collective, NumberArray, Reduction } from "./collective.js";
import { CollectiveError } from "./collective-error.js";

/** One process by itself: what it sums is its own already. */
export function localCollective(): Collective {
  return localGroup(1)[0];
}

/**
 * Ranks within one process, for trying what several do: each goes its own way between `await`s. Sums are added by rank, the
 * lowest first. `abort` rejects what any of them waits for.
 * @param size how many, from 1
 * @throws CollectiveError where that is no such number
 */
export function localGroup(size: number): Collective[] {
  if (!Number.isInteger(size) || size < 1) {
    throw new CollectiveError("arguments", phrase`expected a number of ranks from 1, got ${String(size)}`);
  }
  const meeting = new Meeting(size);
  return Array.from({ length: size }, (_, rank) => new LocalRank(meeting, rank));
}

/** What a rank brings to a call. */
interface Part {
  readonly call: string;
  readonly values: NumberArray;
}

/** Where the ranks of a process meet: a call is answered when all have made it. */
class Meeting {
  readonly #waiting = new Map<
    number,
    {
      readonly part: Part;
      readonly resolve: (parts: Part[]) => void;
      readonly reject: (error: Error) => void;
    }
  >();
  #fault: CollectiveError | null = null;

  constructor(readonly size: number) {}

  /** What all ranks bring, by rank. */
  async meet(rank: number, part: Part): Promise<Part[]> {
    if (this.#fault) throw this.#fault;
    return await new Promise((resolve, reject) => {
      this.#waiting.set(rank, { part, resolve, reject });
      if (this.#waiting.size < this.size) return;
      const all = Array.from({ length: this.size }, (_, each) => this.#waiting.get(each)!);
      const [first, ...others] = all.map(({ part: each }) => each);
      const odd = others.find(
        ({ call, values }) => call !== first.call || values.constructor !== first.values.constructor,
      );
      if (odd) {
        const sentence = phrase`ranks disagree: expected all to call ${first.call}, got ${odd.call} of one`;
        this.end(new CollectiveError("arguments", sentence));
        return;
      }
      this.#waiting.clear();
      for (const each of all) each.resolve(all.map(({ part: own }) => own));
    });
  }

  end(fault: CollectiveError): void {
    this.#fault ??= fault;
    for (const { reject } of this.#waiting.values()) reject(this.#fault);
    this.#waiting.clear();
  }
}

class LocalRank implements Collective {
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(
    private readonly meeting: Meeting,
    readonly rank: number,
  ) {}

  get size(): number {
    return this.meeting.size;
  }

  async allReduce(values: NumberArray, reduction: Reduction = "sum"): Promise<void> {
    await this.#meet(`allReduce ${reduction} ${values.length}`, values, (all) => {
      const reduced = all[0];
      for (const other of all.slice(1)) addInto(reduced, other, reduction);
      return () => {
        values.set(reduced);
      };
    });
  }

  async reduceScatter<Values extends NumberArray>(
    values: Values,
    counts: readonly number[],
    room?: Values,
  ): Promise<Values> {
    checkCounts(values, counts, this.size);
    const part = roomFor(values, counts[this.rank], room);
    const sums = values.slice();
    await this.allReduce(sums);
    const start = counts.slice(0, this.rank).reduce((total, count) => total + count, 0);
    part.set(sums.subarray(start, start + part.length));
    return part;
  }

  async allGather<Values extends NumberArray>(own: Values, room?: Values): Promise<Values[]> {
    let gathered: Values[] = [];
    await this.#meet("allGather", own, (all) => () => {
      const total = all.reduce((sum, { length }) => sum + length, 0);
      const values = roomFor(own, total, room);
      let place = 0;
      gathered = all.map((part) => {
        values.set(part, place);
        place += part.length;
        return values.subarray(place - part.length, place) as Values;
      });
    });
    return gathered;
  }

  async broadcast(values: NumberArray, root = 0): Promise<void> {
    checkRoot(root, this.size);
    await this.#meet(`broadcast ${root} ${values.length}`, values, (all) => () => {
      values.set(all[root]);
    });
  }

  async blockingGroup(size: number): Promise<BlockingGroup> {
    checkGroup(size, this.size);
    await this.barrier();
    if (size === 1) return { rank: 0, size, sum: () => undefined };
    throw new CollectiveError(
      "arguments",
      phrase`expected ranks that are processes of their own, got ${size} in one process, which would wait for themselves`,
    );
  }

  async barrier(): Promise<void> {
    await this.#meet("barrier", new Uint8Array(0), () => () => undefined);
  }

  abort(code = 1): void {
    checkExitCode(code);
    this.meeting.end(
      new CollectiveError("closed", phrase`rank ${this.rank} has ended all ranks with code ${code}`),
    );
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    await this.barrier();
    this.#isClosed = true;
  }

  /** @param work makes something of copies of what all brought, and returns what puts it in place */
  async #meet(call: string, values: NumberArray, work: (all: NumberArray[]) => () => void): Promise<void> {
    if (this.#isClosed)
      throw new CollectiveError("closed", asPhrase("this rank takes part no more: it was closed"));
    const turn = this.#last.then(async () => {
      // A copy at once: others read it after this rank has been answered and may have gone on.
      const parts = await this.meeting.meet(this.rank, { call, values: values.slice() });
      work(parts.map(({ values: each }) => each.slice()))();
    });
    this.#last = turn.catch(() => undefined);
    await turn;
  }
}

function addInto(sums: NumberArray, values: NumberArray, reduction: Reduction): void {
  for (let i = 0; i < sums.length; i++) {
    sums[i] = reduction === "sum" ? sums[i] + values[i] : Math.max(sums[i], values[i]);
  }
}
