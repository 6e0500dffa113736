import { isRecord } from "@lathe/files";
import type { Phrase } from "@lathe/files";
import { ModelConfigError, quote } from "../errors.js";
import { neutralKeys } from "./neutral-keys.js";

/** A parsed config.json. */
export type ConfigObject = Readonly<Record<string, unknown>>;

/** The keys of a config object, each read with the check of its kind; null counts as left out. */
export class ConfigKeys {
  readonly #json: ConfigObject;
  readonly #path: string;
  readonly #prefix: string;

  constructor(json: ConfigObject, path: string, prefix = "") {
    this.#json = json;
    this.#path = path;
    this.#prefix = prefix;
  }

  /** Own keys only: a file must not reach what objects inherit. */
  value(key: string): unknown {
    return Object.hasOwn(this.#json, key) ? this.#json[key] : undefined;
  }

  /**
   * Refuses keys that are neither neutral nor known, unless null: they might change the numbers of the model.
   * @throws ModelConfigError naming the first
   */
  expectOnly(known: readonly string[]): void {
    const names = new Set([...known, ...neutralKeys]);
    const other = Object.keys(this.#json).find((key) => !names.has(key) && this.isGiven(key));
    if (other === undefined) return;
    const expected = "no such key, as it is not known what it changes";
    throw this.fault(other, expected, this.value(other));
  }

  /** Whether the key is there and not null. */
  isGiven(key: string): boolean {
    return this.value(key) !== undefined && this.value(key) !== null;
  }

  /** Whether the key is there and null. */
  isNull(key: string): boolean {
    return this.value(key) === null;
  }

  /** What to throw for a value that is not as expected. */
  fault(key: string, expected: string | Phrase, actual: unknown): ModelConfigError {
    return new ModelConfigError({
      path: this.#path,
      key: this.#prefix + key,
      expected,
      actual: typeof actual === "number" && !Number.isFinite(actual) ? String(actual) : quote(actual),
    });
  }

  /** A whole number of at least 1. */
  size(key: string, otherwise: number): number {
    const value = this.isGiven(key) ? this.value(key) : otherwise;
    // 2^31 keeps every product of two sizes a safe integer.
    if (!Number.isSafeInteger(value) || (value as number) < 1 || (value as number) >= 2 ** 31) {
      throw this.fault(key, "a whole number from 1 to 2147483647", value);
    }
    return value as number;
  }

  /** A whole number of at least 0. */
  count(key: string, otherwise: number): number {
    return this.value(key) === 0 ? 0 : this.size(key, otherwise);
  }

  /** A finite number. */
  number(key: string, otherwise: number): number {
    const value = this.isGiven(key) ? this.value(key) : otherwise;
    if (typeof value !== "number" || !Number.isFinite(value)) throw this.fault(key, "a number", value);
    return value;
  }

  /** A finite number above 0; required when there is no default. */
  positive(key: string, otherwise?: number): number {
    const value = this.isGiven(key) ? this.value(key) : otherwise;
    if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) {
      throw this.fault(key, "a number above 0", value);
    }
    return value;
  }

  /** True or false. */ flag(key: string, otherwise: boolean): boolean {
    const value = this.isGiven(key) ? this.value(key) : otherwise;
    if (typeof value !== "boolean") throw this.fault(key, "true or false", value);
    return value;
  }

  /** A text. */ text(key: string): string | null {
    if (!this.isGiven(key)) return null;
    const value = this.value(key);
    if (typeof value !== "string") throw this.fault(key, "text", value);
    return value;
  }

  /** One token id or a list of them; -1, an old spelling of "none", counts as none. */
  ids(key: string, otherwise: number | null): number[] {
    const value = this.isGiven(key) ? this.value(key) : (otherwise ?? []);
    const ids: unknown[] = Array.isArray(value) ? value : [value];
    if (!ids.every((id) => Number.isSafeInteger(id) && (id as number) >= -1)) {
      throw this.fault(key, "a token id or a list of them", value);
    }
    return (ids as number[]).filter((id) => id >= 0);
  }

  /** An object, e.g. of settings of its own. */ object(key: string): ConfigKeys | null {
    if (!this.isGiven(key)) return null;
    const value = this.value(key);
    if (!isRecord(value)) throw this.fault(key, "an object", value);
    return this.nested(key, value);
  }

  /** The keys of an object within, whose faults are named by the path to them. */ nested(
    key: string,
    json: ConfigObject,
  ): ConfigKeys {
    return new ConfigKeys(json, this.#path, `${this.#prefix}${key}.`);
  }
}

/** An empty object counts as left out, as in Transformers; a value of another kind is kept, to be refused by name. */
export function isFilledObject(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return !isRecord(value) || Object.keys(value).length > 0;
}
