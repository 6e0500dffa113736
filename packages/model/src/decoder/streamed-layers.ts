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

/** Linears that are read together. */
interface Group {
  /** Tensors that they are made of. */
  readonly names: readonly string[];
  readonly places: readonly LayerLinearPlace[];
  /** Under way or done; null where they are on disk alone. */
  reading: Promise<void> | null;
}

interface LayerState {
  /** What all tokens pass. */
  readonly core: Group;
  /** Routed experts by number. */
  readonly experts: ReadonlyMap<number, Group>;
  readonly linears: Readonly<Record<string, StreamedLinear>>;
  holders: number;
  /** Reads that are under way. */
  underWay: number;
  /** Whether a read failed: what there is goes when nobody holds it. */
  isFaulty: boolean;
  buffer: ArrayBuffer | null;
  /** Bytes of the buffer that something was read into. */
  used: number;
  readonly present: Linear[];
  /** When it was last let go of, in holds. */
  lastUse: number;
}

/**
 * Layers whose linears are read when they are held, all tensors that are wanted at once by the threads of the runtime, and whose memory
 * is used again for others: the least recently used goes first. Of routed experts only those are read that are asked for. Norms and
 * routers stay.
 */
export class StreamedLayers implements LayerProvider {
  readonly layers: readonly LayerWeights[];
  readonly isStreamed = true;
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
      const prefix = layerPrefix(layer);
      const inLayer = stored.filter((name) => name.startsWith(prefix));
      const linears = ofLayer.map(({ pathInLayer, path, shape }) => {
        return [pathInLayer, new StreamedLinear(path, shape)] as const;
      });
      const groups = groupsOf(ofLayer, inLayer);
      return {
        core: groups.get(null) ?? { names: [], places: [], reading: null },
        experts: new Map([...groups].filter((entry): entry is [number, Group] => entry[0] !== null)),
        linears: Object.fromEntries(linears),
        holders: 0,
        underWay: 0,
        isFaulty: false,
        buffer: null,
        used: 0,
        present: [],
        lastUse: 0,
      };
    });
    const bytesOf = (group: Group): number => bufferBytes(weights, group.names);
    this.#bufferBytes = Math.max(
      ...this.#states.map((state) => groupsIn(state).reduce((sum, group) => sum + bytesOf(group), 0)),
    );
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
    if (state.isFaulty && state.holders === 0) this.#drop(state);
  }

  async hold(layer: number, experts?: ReadonlySet<number>): Promise<() => void> {
    const state = this.#states[layer];
    const wanted = [
      state.core,
      ...(experts ? Array.from(experts, (expert) => expertOf(state, layer, expert)) : state.experts.values()),
    ];
    state.holders++;
    const missing = wanted.filter(({ reading }) => reading === null);
    if (missing.length > 0) {
      const reading = this.#read(state, missing);
      for (const group of missing) group.reading = reading;
    }
    // Whoever lets go of a layer leaves no read under way into its memory.
    const ended = await Promise.allSettled(new Set(wanted.map(({ reading }) => reading!)));
    const fault = ended.find(({ status }) => status === "rejected");
    if (fault) {
      this.release(layer);
      throw (fault as PromiseRejectedResult).reason;
    }
    return once(() => {
      this.release(layer);
    });
  }

  dispose(): void {
    this.#isDisposed = true;
    const underWay = this.#states.filter((state) => state.underWay > 0);
    for (const state of this.#states) if (state.underWay === 0) this.#drop(state);
    const readings = underWay.flatMap((state) => groupsIn(state).flatMap(({ reading }) => reading ?? []));
    // What is being read goes when it has been.
    void Promise.allSettled(readings).then(async () => {
      for (const state of underWay) this.#drop(state);
      for (const buffer of this.#free.splice(0)) this.#memory?.free(buffer);
      await this.#options.weights.close();
    });
  }

  async #read(state: LayerState, groups: readonly Group[]): Promise<void> {
    const { weights, readLinear } = this.#options;
    if (this.#isDisposed) throw new Error("streamed layers: expected a model in use, got a disposed one");
    const names = groups.flatMap((group) => group.names);
    state.underWay++;
    try {
      state.buffer ??= this.#takeBuffer();
      const first = state.used;
      state.used += bufferBytes(weights, names);
      const read = await bufferedWeights(weights, names, state.buffer, first);
      for (const name of names) {
        const { byteLength, fileBytes = byteLength } = weights.info(name);
        this.#bytesRead += fileBytes;
      }
      for (const place of groups.flatMap((group) => group.places)) {
        const linear = await readLinear(read, place);
        state.present.push(linear);
        state.linears[place.pathInLayer].put(linear);
      }
    } catch (error) {
      state.isFaulty = true;
      throw error;
    } finally {
      state.underWay--;
    }
  }

  /** Takes a layer's weights out of memory. */
  #drop(state: LayerState): void {
    for (const linear of Object.values(state.linears)) linear.put(null);
    for (const linear of state.present.splice(0)) linear.dispose();
    if (state.buffer) this.#free.push(state.buffer);
    state.buffer = null;
    state.used = 0;
    state.isFaulty = false;
    for (const group of groupsIn(state)) group.reading = null;
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

const groupsIn = ({ core, experts }: LayerState): Group[] => [core, ...experts.values()];

/** @throws RangeError where the layer has no such expert */
function expertOf({ experts }: LayerState, layer: number, expert: number): Group {
  const group = experts.get(expert);
  if (!group) throw new RangeError(`layer ${layer}: no routed expert ${expert}`);
  return group;
}

/** Linears by the expert that they are a part of, null for none. @param names of the layer's tensors */
function groupsOf(
  places: readonly LayerLinearPlace[],
  names: readonly string[],
): ReadonlyMap<number | null, Group> {
  const expertAt = new Map(places.map(({ path, expert }) => [path, expert]));
  const groups = new Map<number | null, { names: string[]; places: LayerLinearPlace[]; reading: null }>();
  const groupOf = (expert: number | null) => {
    const group = groups.get(expert) ?? { names: [], places: [], reading: null };
    groups.set(expert, group);
    return group;
  };
  for (const place of places) groupOf(place.expert).places.push(place);
  for (const name of names) {
    const expert = expertAt.get(name.replace(AFTER_PATH, ""));
    if (expert !== undefined) groupOf(expert).names.push(name);
  }
  return groups;
}
