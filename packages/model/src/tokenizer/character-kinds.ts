/** Kind of the place behind the last character. */
export const END_OF_TEXT = 1;

const CODE_POINTS = 0x110000;
/** Sets that a number of 32 bits tells apart, and how many of them may have more than a character in two cases. */
const MOST_SETS = 30;
const MOST_LARGE_SETS = 9;
const SMALL_SET = /^\[(?:\\u\{[0-9a-f]+\}){1,2}\]$/;

/**
 * Sorts characters by the sets that they are in: those that are in the same ones are of one kind, a small number. A character is looked at when
 * it first occurs.
 */
export class CharacterKinds {
  /** Kind by UTF-16 unit, 0 where it is not known; units of surrogate pairs have none. */
  readonly table = new Uint16Array(0x10000);
  /** A number that all kinds are below. */
  readonly most: number;
  readonly #beyond = new Uint16Array(CODE_POINTS - 0x10000);
  readonly #sets: readonly RegExp[];
  /** Of each kind one bit a set. */
  readonly #members: number[] = [0, 0];
  readonly #kinds = new Map<number, number>();

  /** @param sets character classes of regular expressions with the flag v */
  constructor(sets: readonly string[]) {
    const small = sets.filter((set) => SMALL_SET.test(set)).length;
    this.most = 2 + 2 ** (sets.length - small) + 2 * small;
    this.#sets = sets.map((set) => new RegExp(`^${set}$`, "v"));
  }

  /** Whether the sets are few enough. */
  static canTell(sets: readonly string[]): boolean {
    const large = sets.filter((set) => !SMALL_SET.test(set)).length;
    return sets.length <= MOST_SETS && large <= MOST_LARGE_SETS;
  }

  /** Kind of a code point. */
  kindOf(point: number): number {
    if (point > 0xffff) return (this.#beyond[point - 0x10000] ||= this.#find(point));
    const isSurrogate = point >= 0xd800 && point < 0xe000;
    return isSurrogate ? this.#find(point) : (this.table[point] ||= this.#find(point));
  }

  /** Whether characters of a kind are in a set, by its number. */
  isIn(kind: number, set: number): boolean {
    return ((this.#members[kind] >> set) & 1) === 1;
  }

  #find(point: number): number {
    const character = String.fromCodePoint(point);
    let members = 0;
    for (const [at, set] of this.#sets.entries()) if (set.test(character)) members |= 1 << at;
    let kind = this.#kinds.get(members);
    if (kind === undefined) {
      kind = this.#members.push(members) - 1;
      this.#kinds.set(members, kind);
    }
    return kind;
  }
}
