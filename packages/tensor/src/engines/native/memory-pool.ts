/** A stretch of a slab, free or taken. */
interface Stretch {
  readonly slab: Slab;
  readonly offset: number;
  readonly bytes: number;
}

interface Slab {
  readonly buffer: ArrayBuffer;
  /** Free stretches in order of offset, no two touching. */
  free: Stretch[];
  /** Bytes from the start on that were ever given out. Those behind are not in memory yet. */
  usedBytes: number;
}

/** Bytes: a view begins where a cache line does and the widest vector, so that no kernel loads across two lines. */
const ALIGNMENT = 64;
/** Bytes of addresses, not of memory: the system gives pages when they are first written to. */
const SLAB_BYTES = 256 * 2 ** 20;

const rounded = (bytes: number): number => Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);

/**
 * Memory for tensors that is used again the moment it is given back, without waiting for garbage collection.
 *
 * A request takes the first free stretch it fits in; what is given back joins its free neighbours. That keeps what is in use at
 * the start of a few large slabs, whose ends are then never touched and take no memory. The smallest stretch that fits, in
 * smaller slabs, would leave gaps all over: training with segments computed again takes nearly a fifth more memory so.
 */
export class MemoryPool {
  readonly #allocate: (bytes: number) => ArrayBuffer;
  readonly #slabBytes: number;
  readonly #slabs: Slab[] = [];
  /**
   * Weak, though every view is given back: a Map that is changed all the time makes a new table again and again, each of which the one
   * before it points to. Once a dead table is among the old objects, it takes all that come after it there, with the views in them,
   * and a run grows until the next collection of everything.
   */
  readonly #taken = new WeakMap<Float32Array, Stretch>();
  #bytesInUse = 0;

  /** @param allocate gives memory aligned to 64 bytes   @param slabBytes addresses to ask for at a time */
  constructor(allocate: (bytes: number) => ArrayBuffer, slabBytes: number = SLAB_BYTES) {
    this.#allocate = allocate;
    this.#slabBytes = slabBytes;
  }

  /** Bytes of all views that are out, rounded up to whole cache lines. */
  get bytesInUse(): number {
    return this.#bytesInUse;
  }

  /** Bytes that are in memory for the pool, in use or not. */
  get bytesReserved(): number {
    return this.#slabs.reduce((sum, { usedBytes }) => sum + usedBytes, 0);
  }

  /** A view of `length` floats whose values are not set. */
  take(length: number): Float32Array {
    const bytes = rounded(length * Float32Array.BYTES_PER_ELEMENT);
    const { slab, offset } = this.#carve(bytes);
    const view = new Float32Array(slab.buffer, offset, length);
    this.#taken.set(view, { slab, offset, bytes });
    this.#bytesInUse += bytes;
    return view;
  }

  /** Whether the view is out of this pool. */
  owns(view: Float32Array): boolean {
    return this.#taken.has(view);
  }

  /** Takes a view back; its memory may be given out again at once. @throws RangeError if it is not out */
  give(view: Float32Array): void {
    const stretch = this.#taken.get(view);
    if (!stretch) throw new RangeError("memory pool: this view is not out of the pool");
    this.#taken.delete(view);
    this.#bytesInUse -= stretch.bytes;
    const { slab } = stretch;
    const after = slab.free.findIndex(({ offset }) => offset > stretch.offset);
    slab.free.splice(after < 0 ? slab.free.length : after, 0, stretch);
    slab.free = joined(slab.free);
  }

  #carve(bytes: number): Stretch {
    const found = this.#firstFree(bytes) ?? this.#newSlab(bytes);
    const { slab, offset } = found;
    const rest = { slab, offset: offset + bytes, bytes: found.bytes - bytes };
    slab.free.splice(slab.free.indexOf(found), 1, ...(rest.bytes > 0 ? [rest] : []));
    slab.usedBytes = Math.max(slab.usedBytes, offset + bytes);
    return { slab, offset, bytes };
  }

  #firstFree(bytes: number): Stretch | null {
    for (const { free } of this.#slabs) {
      for (const stretch of free) if (stretch.bytes >= bytes) return stretch;
    }
    return null;
  }

  #newSlab(bytes: number): Stretch {
    const { buffer, size } = this.#addresses(bytes);
    const slab: Slab = { buffer, free: [], usedBytes: 0 };
    const all = { slab, offset: 0, bytes: size };
    slab.free.push(all);
    this.#slabs.push(slab);
    return all;
  }

  /** Room for a slab, or for these bytes alone where the system has no more addresses to give. */
  #addresses(bytes: number): { readonly buffer: ArrayBuffer; readonly size: number } {
    const size = Math.max(this.#slabBytes, bytes);
    try {
      return { buffer: this.#allocate(size), size };
    } catch (error) {
      if (bytes === size) throw error;
      return { buffer: this.#allocate(bytes), size: bytes };
    }
  }
}

function joined(free: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  for (const stretch of free) {
    const last = result.at(-1);
    if (last && last.offset + last.bytes === stretch.offset) {
      result[result.length - 1] = { ...last, bytes: last.bytes + stretch.bytes };
    } else {
      result.push(stretch);
    }
  }
  return result;
}
