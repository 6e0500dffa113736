import type { NameHere } from "./program.js";

/**
 * What other programs call options: by the option's key, or by `key=value` where their name stands for one value of it, the names
 * without dashes and in small letters.
 */
export type OtherNames = Readonly<Record<string, readonly string[]>>;

const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_.]/g, "");

/**
 * What an option that other programs have is here.
 *
 * @param name with or without dashes, in any spelling   @param keys of the options that there are
 * @returns null where none is known, or there is none of it
 */
export function nameAmong(others: OtherNames, name: string, keys: readonly string[]): NameHere | null {
  for (const [here, names] of Object.entries(others)) {
    const [key, value = null] = here.split("=");
    if (keys.includes(key) && names.includes(plain(name))) return { key, value };
  }
  return null;
}
