import type { HeldPrefix } from "@lathe/model";

interface KeptText {
  readonly group: string | null;
  readonly held: HeldPrefix;
}

/** A text that is kept, and how many of its first tokens another has as well. */
export interface CommonBeginning {
  readonly held: HeldPrefix;
  readonly length: number;
}

/** Tokens that two texts begin with alike. */
function commonLength(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
}

/** Keys and values of texts that have ended, for those that begin alike; those not asked for the longest time go first. */
export class KeptTexts {
  /** The one asked for last at the end. */
  #texts: KeptText[] = [];

  /** Tokens kept. */
  get tokens(): number {
    return this.#texts.reduce((sum, { held }) => sum + held.ids.length, 0);
  }

  /** The kept text of a group that begins with most tokens of a prompt, whose last is left to compute; null where none does. */
  longest(group: string | null, prompt: readonly number[]): CommonBeginning | null {
    let best: KeptText | null = null;
    let length = 0;
    for (const text of this.#texts) {
      if (text.group !== group) continue;
      const common = Math.min(commonLength(text.held.ids, prompt), prompt.length - 1);
      if (common > length) [best, length] = [text, common];
    }
    if (!best) return null;
    this.#texts = [...this.#texts.filter((text) => text !== best), best];
    return { held: best.held, length };
  }

  /** Keeps a text in place of those that it begins with. */
  keep(group: string | null, held: HeldPrefix): void {
    this.#drop(
      (text) => text.group === group && commonLength(text.held.ids, held.ids) === text.held.ids.length,
    );
    this.#texts.push({ group, held });
  }

  /** Lets go of texts until so many tokens are kept at most. */
  shrink(tokens: number): void {
    while (this.#texts.length > 0 && this.tokens > tokens) this.#texts.shift()!.held.cache.dispose();
  }

  /** Lets go of all texts of a group. */
  forget(group: string | null): void {
    this.#drop((text) => text.group === group);
  }

  #drop(isDropped: (text: KeptText) => boolean): void {
    for (const text of this.#texts) if (isDropped(text)) text.held.cache.dispose();
    this.#texts = this.#texts.filter((text) => !isDropped(text));
  }
}
