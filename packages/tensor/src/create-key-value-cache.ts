import { phrase, asPhrase } from "@lathe/files";
import { engineInUse } from "./engine-in-use.js";
import { EngineError } from "./errors.js";
import { hostCaches } from "./host-key-value-cache.js";
import type { CacheFormat, CacheShape, KeyValueCache, KeyValueCaches } from "./key-value-cache.js";

/** The engine's caches where they take such rows, else those on the host. */
function cachesFor(shape: CacheShape | null): KeyValueCaches {
  const { caches } = engineInUse();
  return shape === null || (caches.takes?.(shape) ?? true) ? caches : hostCaches;
}

/**
 * The format in which the engine in use keeps keys and values, if that one is wanted.
 *
 * @param wanted `"auto"` for the engine's default
 * @param shape of the rows; null where it is not known yet
 * @throws EngineError when the engine does not offer it
 */
export function cacheFormat(
  wanted: CacheFormat | "auto" = "auto",
  shape: CacheShape | null = null,
): CacheFormat {
  const { caches, name } = engineInUse();
  const used = cachesFor(shape);
  if (wanted === "auto") return used.formats[0];
  if (used.formats.includes(wanted)) return wanted;
  const what =
    used === caches ? asPhrase("keys and values") : asPhrase("keys and values of this model's sizes");
  throw new EngineError(
    name,
    phrase`cache ${wanted}: engine ${name} keeps ${what} in ${used.formats.join(", ")}`,
  );
}

/**
 * An empty cache in the memory of the engine in use, or on the host where the engine has none for such rows.
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
  return cachesFor(shape).create(shape, sequences, cacheFormat(format, shape));
}
