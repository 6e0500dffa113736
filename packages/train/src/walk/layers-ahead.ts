import type { WalkedModel } from "./walked-model.js";

/** Holds one layer after the other, and asks for the next while one is computed with. */
export class LayersAhead {
  readonly #model: WalkedModel;
  #release: () => void = () => undefined;
  #coming: { readonly layer: number; readonly held: Promise<() => void> } | null = null;

  constructor(model: WalkedModel) {
    this.#model = model;
  }

  /** Begins to read the layer that is taken next. */
  ask(layer: number): void {
    const held = this.#model.holdLayer(layer);
    // Whoever takes the layer hears what failed; nobody may.
    held.catch(() => undefined);
    this.#coming = { layer, held };
  }

  /** Lets go of the layer before, and waits until this one is there. */
  async take(layer: number): Promise<void> {
    this.#letGo();
    if (this.#coming?.layer !== layer) {
      await this.#giveUpComing();
      this.ask(layer);
    }
    const { held } = this.#coming!;
    this.#coming = null;
    this.#release = await held;
  }

  /** Lets go of all layers. */
  async end(): Promise<void> {
    this.#letGo();
    await this.#giveUpComing();
  }

  #letGo(): void {
    this.#release();
    this.#release = () => undefined;
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
