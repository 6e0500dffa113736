import { asFileError, damageOf, type Phrase, phrase } from "@lathe/files";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SimdMemoryError } from "./errors.js";

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

// The part of the global that is used here: TypeScript has it only in the library of browsers.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

/** What wasm/index.ts exports. Pointers are byte addresses in the module's memory. */
interface SimdExports {
  readonly memory: Memory;
  heapBase(): number;
  attentionScratch(keys: number, headSize: number, backward: boolean): number;
  attentionForward(
    q: number,
    k: number,
    v: number,
    out: number,
    scratch: number,
    queries: number,
    keys: number,
    headCount: number,
    keyValueHeadCount: number,
    headSize: number,
    scale: number,
  ): void;
  attentionBackward(
    q: number,
    k: number,
    v: number,
    dOut: number,
    dq: number,
    dk: number,
    dv: number,
    scratch: number,
    queries: number,
    keys: number,
    headCount: number,
    keyValueHeadCount: number,
    headSize: number,
    scale: number,
  ): void;
  crossEntropy(x: number, count: number, result: number): void;
  dropoutMask(
    out: number,
    blocks: number,
    counter: number,
    key0: number,
    key1: number,
    dropBelow: number,
    kept: number,
  ): void;
  exponentials(x: number, count: number, shift: number): number;
  rotate(
    x: number,
    cos: number,
    sin: number,
    rows: number,
    heads: number,
    half: number,
    direction: number,
  ): void;
  scaleValues(x: number, count: number, factor: number): void;
  transpose(x: number, out: number, rows: number, columns: number): void;
}

const PAGE = 65536; // bytes, as WebAssembly counts memory
const ALIGNMENT = 64; // bytes: a cache line
const SLACK = 16; // bytes behind an array that kernels may read as part of a vector

/** Most memory that a kernel may take, in bytes; WebAssembly ends at twice that. */
export const SIMD_MEMORY_LIMIT = 2 ** 31;

/**
 * The compiled module and its memory. A call places its operands one after another from the start, so nothing outlives
 * the call that placed it.
 */
export class SimdModule {
  readonly exports: SimdExports;
  readonly #start: number;
  #end: number;
  #floats: Float32Array;

  /** @throws CompileError if the machine has no SIMD that WebAssembly can use */
  constructor(bytes: Uint8Array) {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {});
    this.exports = instance.exports as SimdExports;
    this.#start = Math.ceil(this.exports.heapBase() / ALIGNMENT) * ALIGNMENT;
    this.#end = this.#start;
    this.#floats = new Float32Array(this.exports.memory.buffer);
  }

  /** Forgets what earlier calls placed and makes room for arrays of so many bytes. @throws SimdMemoryError */
  begin(sizes: readonly number[]): void {
    this.#end = this.#start;
    let bytes = this.#start;
    for (const size of sizes) bytes += Math.ceil((size + SLACK) / ALIGNMENT) * ALIGNMENT;
    if (bytes > SIMD_MEMORY_LIMIT) throw new SimdMemoryError(bytes, SIMD_MEMORY_LIMIT);
    const { memory } = this.exports;
    const missing = bytes - memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      memory.grow(Math.ceil(missing / PAGE));
    } catch (error) {
      throw new SimdMemoryError(bytes, memory.buffer.byteLength, { cause: error });
    }
    this.#floats = new Float32Array(memory.buffer);
  }

  /** Address of the next array of so many bytes. */
  place(bytes: number): number {
    const pointer = this.#end;
    this.#end += Math.ceil((bytes + SLACK) / ALIGNMENT) * ALIGNMENT;
    return pointer;
  }

  /** Places a copy of the values and returns its address. */
  copyIn(values: Float32Array): number {
    const pointer = this.place(values.byteLength);
    this.#floats.set(values, pointer / 4);
    return pointer;
  }

  /** Overwrites `values` with what lies at the address. */
  copyOut(pointer: number, values: Float32Array): void {
    values.set(this.#floats.subarray(pointer / 4, pointer / 4 + values.length));
  }

  /** The float64 at an address that is a multiple of 8. */
  readDouble(pointer: number): number {
    return new Float64Array(this.exports.memory.buffer, pointer, 1)[0];
  }
}

/** The module, or why there is none. */
export type SimdAvailability = { readonly module: SimdModule } | { readonly reason: Phrase };

let loaded: SimdAvailability | undefined;

/** Loads build/simd.wasm on the first call. Never throws. */
export function simdAvailability(): SimdAvailability {
  loaded ??= load(new URL("../build/simd.wasm", import.meta.url));
  return loaded;
}

/** @param file of the compiled module */
export function load(file: URL): SimdAvailability {
  try {
    return { module: new SimdModule(readFileSync(file)) };
  } catch (error) {
    return {
      reason: phrase`the SIMD kernels cannot be loaded: ${damageOf(asFileError(fileURLToPath(file), "read", error))}`,
    };
  }
}
