import type { WeightMemory } from "@lathe/tensor";

/** Bytes that somebody holds. They are gone after the release, which may be repeated. */
export interface HeldBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Gives the bytes back; they must not be used from then on. */
  release(): void;
}

/** A stretch of a file, in bytes. */
export interface Stretch {
  readonly offset: number;
  readonly length: number;
}

/**
 * A file in memory, in stretches that are each mapped when a part of them is first asked for, and unmapped when the file
 * is closed and nobody holds a part of them. What is held is only read: pages of a part that was released do not stay in the process
 * for as long as another part is held.
 */
export class MappedFile {
  readonly #mappings: readonly Mapping[];
  #isClosed = false;

  /** @param stretches in order of offset; what is held must lie in one of them   @param map maps a stretch */
  constructor(
    readonly memory: Pick<WeightMemory, "free" | "dropPages">,
    stretches: readonly Stretch[],
    map: (stretch: Stretch) => ArrayBuffer,
  ) {
    this.#mappings = stretches.map((stretch) => ({ stretch, map, buffer: null, holders: 0 }));
  }

  /** Holds a part of the file. @throws Error after {@link MappedFile.close} */
  hold({ offset, length }: Stretch): HeldBytes {
    if (this.#isClosed) throw new Error("mapped file: expected an open one, got a closed one");
    const mapping = this.#mappings.find(
      ({ stretch }) => offset >= stretch.offset && offset + length <= stretch.offset + stretch.length,
    );
    if (!mapping)
      throw new RangeError(`mapped file: expected a part of a stretch, got ${length} at ${offset}`);
    mapping.buffer ??= mapping.map(mapping.stretch);
    mapping.holders++;
    return {
      bytes: new Uint8Array(mapping.buffer, offset - mapping.stretch.offset, length),
      release: once(() => {
        mapping.holders--;
        this.memory.dropPages(mapping.buffer!, offset - mapping.stretch.offset, length);
        if (this.#isClosed) this.#unmapIfUnused(mapping);
      }),
    };
  }

  /** Lets go of the file; parts that are held stay. */
  close(): void {
    this.#isClosed = true;
    for (const mapping of this.#mappings) this.#unmapIfUnused(mapping);
  }

  #unmapIfUnused(mapping: Mapping): void {
    if (mapping.holders > 0 || mapping.buffer === null) return;
    this.memory.free(mapping.buffer);
    mapping.buffer = null;
  }
}

interface Mapping {
  readonly stretch: Stretch;
  readonly map: (stretch: Stretch) => ArrayBuffer;
  buffer: ArrayBuffer | null;
  holders: number;
}

/**
 * Joins neighbouring parts into stretches as long as `limit` allows; a part that is longer is a stretch of its own.
 * @param parts in order of offset
 */
export function joinedStretches(parts: readonly Stretch[], limit: number): Stretch[] {
  const stretches: Stretch[] = [];
  for (const { offset, length } of parts) {
    const last = stretches.at(-1);
    const joined = last && { offset: last.offset, length: offset + length - last.offset };
    if (joined && joined.length <= limit) stretches[stretches.length - 1] = joined;
    else stretches.push({ offset, length });
  }
  return stretches;
}

/** The action, which does nothing from its second call on. */
export function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}
