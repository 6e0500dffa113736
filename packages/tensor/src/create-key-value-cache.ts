import { engineInUse } from "./engine-in-use.js";
import { EngineError } from "./errors.js";
import type { CacheFormat, CacheShape, KeyValueCache } from "./key-value-cache.js";

/**
 * The format in which the engine in use keeps keys and values, if that one is wanted.
 *
 * @param wanted `"auto"` for the engine's default
 * @throws EngineError when the engine does not offer it
 */
export function cacheFormat(wanted: CacheFormat | "auto" = "auto"): CacheFormat {
  const { caches, name } = engineInUse();
  const { formats } = caches;
  if (wanted === "auto") return formats[0];
  if (formats.includes(wanted)) return wanted;
  throw new EngineError(
    name,
    `cache ${wanted}: engine ${name} keeps keys and values in ${formats.join(" or ")}`,
  );
}

/**
 * An empty cache in the memory of the engine in use, or on the host where the engine has none of its own.
 *
 * @param sequences how many
 * @param format `"auto"` for the engine's default
 * @returns owned by the caller
 * @throws EngineError when the engine does not offer the format
 */
export function createKeyValueCache(
  shape: CacheShape,
  sequences: number,
  format: CacheFormat | "auto" = "auto",
): KeyValueCache {
  return engineInUse().caches.create(shape, sequences, cacheFormat(format));
}
