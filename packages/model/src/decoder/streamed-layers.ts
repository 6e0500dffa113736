import type { WeightMemory } from "@lathe/tensor";
import type { LayerWeights } from "../architectures/architecture.js";
import type { LayerLinearPlace } from "../architectures/linear-places.js";
import { bufferBytes, bufferedWeights } from "../weights/buffered-weights.js";
import { once } from "../weights/mapped-file.js";
import type { StoredWeights } from "../weights/stored-weights.js";
import type { LayerProvider } from "./layer-provider.js";
import type { Linear } from "./linear.js";
import { StreamedLinear } from "./streamed-linear.js";

/** What {@link StreamedLayers} reads. */
export interface StreamedLayersOptions {
  /** Open for as long as the layers are used; closed when they are disposed. */
  readonly weights: StoredWeights;
  /** Makes a linear of what was read. */
  readonly readLinear: (weights: StoredWeights, stored: LayerLinearPlace) => Promise<Linear>;
  /** The linears of each layer. */
  readonly places: readonly (readonly LayerLinearPlace[])[];
  /** What is small and stays, of each layer. */
  readonly others: readonly Omit<LayerWeights, "linears">[];
  /** What the names of a layer's tensors begin with. */
  readonly layerPrefix: (layer: number) => string;
  /** Layers that may be there at a time, at least two: one to compute with and one that is read meanwhile. */
  readonly residentLayers: number;
}

/** What follows a linear's path in the names of its tensors: weight or bias, and whatever belongs to a packed one. */
const AFTER_PATH = /\.(?:weight|bias)(?:[._].*)?$/;

interface LayerState {
  /** Tensors that its linears are made of. */
  readonly names: readonly string[];
  readonly linears: Readonly<Record<string, StreamedLinear>>;
  holders: number;
  /** Under way or done; null where the weights are on disk alone. */
  reading: Promise<void> | null;
  isUnderWay: boolean;
  buffer: ArrayBuffer | null;
  readonly present: Linear[];
  /** When it was last let go of, in holds. */
  lastUse: number;
}

/**
 * Layers whose linears are read when they are held, all tensors of a layer at once by the threads of the runtime, and whose memory is
 * used again for others: the least recently used goes first. Norms and routers stay.
 */
export class StreamedLayers implements LayerProvider {
  readonly layers: readonly LayerWeights[];
  readonly #options: StreamedLayersOptions;
  readonly #memory: Pick<WeightMemory, "allocate" | "free"> | null;
  readonly #states: readonly LayerState[];
  /** Bytes of a buffer that any layer fits in. */
  readonly #bufferBytes: number;
  readonly #free: ArrayBuffer[] = [];
  #buffers = 0;
  #most = 0;
  #uses = 0;
  #bytesRead = 0;
  #isDisposed = false;

  /** @throws RangeError on fewer than two resident layers */
  constructor(options: StreamedLayersOptions) {
    const { weights, places, others, layerPrefix, residentLayers } = options;
    if (!(residentLayers >= 2)) {
      throw new RangeError(`streamed layers: expected at least 2 at a time, got ${residentLayers}`);
    }
    this.#options = options;
    this.#memory = weights.memory;
    const stored = weights.names();
    this.#states = places.map((ofLayer, layer): LayerState => {
      const paths = new Set(ofLayer.map(({ path }) => path));
      const prefix = layerPrefix(layer);
      const ofLinears = stored.filter(
        (name) => name.startsWith(prefix) && paths.has(name.replace(AFTER_PATH, "")),
      );
      const linears = ofLayer.map(({ pathInLayer, path, shape }) => {
        return [pathInLayer, new StreamedLinear(path, shape)] as const;
      });
      return {
        names: ofLinears,
        linears: Object.fromEntries(linears),
        holders: 0,
        reading: null,
        isUnderWay: false,
        buffer: null,
        present: [],
        lastUse: 0,
      };
    });
    this.#bufferBytes = Math.max(...this.#states.map(({ names }) => bufferBytes(weights, names)));
    this.layers = this.#states.map(({ linears }, layer) => ({ ...others[layer], linears: { ...linears } }));
  }

  /** Bytes of the memory that layers are read into, at present. */
  get residentBytes(): number {
    return this.#buffers * this.#bufferBytes;
  }

  /** The most that {@link StreamedLayers.residentBytes} was. */
  get mostResidentBytes(): number {
    return this.#most * this.#bufferBytes;
  }

  /** Bytes read from disk so far. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  acquire(layer: number): LayerWeights {
    const state = this.#states[layer];
    if (state.holders === 0) {
      throw new Error(`layer ${layer}: expected it to be held, got weights that are on disk`);
    }
    state.holders++;
    return this.layers[layer];
  }

  release(layer: number): void {
    const state = this.#states[layer];
    state.holders--;
    state.lastUse = ++this.#uses;
  }

  async hold(layer: number): Promise<() => void> {
    const state = this.#states[layer];
    state.holders++;
    try {
      await (state.reading ??= this.#read(state));
    } catch (error) {
      this.release(layer);
      throw error;
    }
    return once(() => {
      this.release(layer);
    });
  }

  dispose(): void {
    this.#isDisposed = true;
    const underWay = this.#states.filter(({ isUnderWay }) => isUnderWay);
    for (const state of this.#states) if (!state.isUnderWay) this.#drop(state);
    // What is being read goes when it has been.
    void Promise.allSettled(underWay.flatMap(({ reading }) => reading ?? [])).then(async () => {
      for (const state of underWay) this.#drop(state);
      for (const buffer of this.#free.splice(0)) this.#memory?.free(buffer);
      await this.#options.weights.close();
    });
  }

  async #read(state: LayerState): Promise<void> {
    const { weights, readLinear, places } = this.#options;
    if (this.#isDisposed) throw new Error("streamed layers: expected a model in use, got a disposed one");
    const buffer = this.#takeBuffer();
    state.buffer = buffer;
    state.isUnderWay = true;
    try {
      const read = await bufferedWeights(weights, state.names, buffer);
      this.#bytesRead += state.names.reduce((sum, name) => sum + weights.info(name).byteLength, 0);
      for (const place of places[this.#states.indexOf(state)]) {
        const linear = await readLinear(read, place);
        state.present.push(linear);
        state.linears[place.pathInLayer].put(linear);
      }
    } catch (error) {
      this.#drop(state);
      throw error;
    } finally {
      state.isUnderWay = false;
    }
  }

  /** Takes a layer's weights out of memory. */
  #drop(state: LayerState): void {
    for (const linear of Object.values(state.linears)) linear.put(null);
    for (const linear of state.present.splice(0)) linear.dispose();
    if (state.buffer) this.#free.push(state.buffer);
    state.buffer = null;
    state.reading = null;
  }

  /** A buffer that is free, or that of the layer that nobody has held for the longest time, or a new one. */
  #takeBuffer(): ArrayBuffer {
    const known = this.#free.pop();
    if (known) return known;
    if (this.#buffers >= this.#options.residentLayers) {
      const idle = this.#states.filter(({ holders, buffer }) => holders === 0 && buffer !== null);
      if (idle.length > 0) {
        this.#drop(idle.reduce((first, state) => (state.lastUse < first.lastUse ? state : first)));
        return this.#free.pop()!;
      }
    }
    const made = this.#memory?.allocate(this.#bufferBytes) ?? new ArrayBuffer(this.#bufferBytes);
    this.#buffers++;
    this.#most = Math.max(this.#most, this.#buffers);
    return made;
  }
}
