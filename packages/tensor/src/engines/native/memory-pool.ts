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
}

const ALIGNMENT = 64; // bytes: a cache line, and the widest vector
const SLAB_BYTES = 8 * 2 ** 20; // measured over training steps: larger ones are left with holes, smaller ones with more of them

const rounded = (bytes: number): number => Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);

/**
 * Memory for tensors that is used again the moment it is given back, without waiting for garbage collection.
 *
 * A request takes the smallest free stretch it fits in; what is given back joins its free neighbours, so batches of
 * changing length do not leave memory in pieces.
 */
export class MemoryPool {
  readonly #allocate: (bytes: number) => ArrayBuffer;
  readonly #slabs: Slab[] = [];
  readonly #taken = new Map<Float32Array, Stretch>();
  #bytesInUse = 0;

  /** @param allocate gives memory aligned to 64 bytes */
  constructor(allocate: (bytes: number) => ArrayBuffer) {
    this.#allocate = allocate;
  }

  /** Bytes of all views that are out, rounded up to whole cache lines. */
  get bytesInUse(): number {
    return this.#bytesInUse;
  }

  /** Bytes held from the system, in use or not. */
  get bytesReserved(): number {
    return this.#slabs.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
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
    let best: Stretch | null = null;
    for (const slab of this.#slabs) {
      for (const stretch of slab.free) {
        if (stretch.bytes >= bytes && (!best || stretch.bytes < best.bytes)) best = stretch;
      }
    }
    if (!best) {
      const size = Math.max(SLAB_BYTES, bytes);
      const slab: Slab = { buffer: this.#allocate(size), free: [] };
      best = { slab, offset: 0, bytes: size };
      slab.free.push(best);
      this.#slabs.push(slab);
    }
    const { slab, offset } = best;
    const rest = { slab, offset: offset + bytes, bytes: best.bytes - bytes };
    slab.free.splice(slab.free.indexOf(best), 1, ...(rest.bytes > 0 ? [rest] : []));
    return { slab, offset, bytes };
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
