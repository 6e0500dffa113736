import type { WalkedModel } from "./walked-model.js";

/** A layer that was asked for. */
interface Coming {
  readonly layer: number;
  /** All where left out. */
  readonly experts: ReadonlySet<number> | undefined;
  readonly held: Promise<() => void>;
}

/** Holds one layer after the other, and asks for the next while one is computed with. */
export class LayersAhead {
  readonly #model: WalkedModel;
  #layer = -1;
  /** Of the layer at hand. */
  readonly #releases: (() => void)[] = [];
  /** Experts of the layer at hand that were asked for, and when they are there; null where all are. */
  #experts: Map<number, Promise<void>> | null = new Map();
  #coming: Coming | null = null;

  constructor(model: WalkedModel) {
    this.#model = model;
  }

  /** Begins to read the layer that is taken next. @param experts that are wanted; all unless given */
  ask(layer: number, experts?: ReadonlySet<number>): void {
    this.#coming = { layer, experts, held: this.#held(layer, experts) };
  }

  /** Lets go of the layer before, and waits until this one is there. */
  async take(layer: number): Promise<void> {
    await this.#letGo();
    if (this.#coming?.layer !== layer) {
      await this.#giveUpComing();
      this.ask(layer);
    }
    const { experts, held } = this.#coming!;
    this.#coming = null;
    this.#releases.push(await held);
    this.#layer = layer;
    const there = Promise.resolve();
    this.#experts = experts ? new Map(Array.from(experts, (expert) => [expert, there])) : null;
  }

  /** Reads experts of the layer at hand, those that were not asked for yet. @returns when all of them are there */
  async experts(numbers: ReadonlySet<number>): Promise<void> {
    const known = this.#experts;
    if (!known) return;
    const missing = new Set([...numbers].filter((expert) => !known.has(expert)));
    if (missing.size > 0) {
      const held = this.#held(this.#layer, missing);
      const there = held.then((release) => void this.#releases.push(release));
      there.catch(() => undefined);
      for (const expert of missing) known.set(expert, there);
    }
    await Promise.all(new Set([...numbers].map((expert) => known.get(expert)!)));
  }

  /** Lets go of all layers. */
  async end(): Promise<void> {
    await this.#letGo();
    await this.#giveUpComing();
  }

  #held(layer: number, experts?: ReadonlySet<number>): Promise<() => void> {
    const held = this.#model.holdLayer(layer, experts);
    // Whoever takes the layer hears what failed; nobody may.
    held.catch(() => undefined);
    return held;
  }

  async #letGo(): Promise<void> {
    // What is still being read is held once it has been.
    await Promise.allSettled(new Set(this.#experts?.values()));
    this.#experts = new Map();
    for (const release of this.#releases.splice(0)) release();
  }

  async #giveUpComing(): Promise<void> {
    const coming = this.#coming;
    this.#coming = null;
    await coming?.held.then(
      (release) => {
        release();
      },
      () => undefined,
    );
  }
}
