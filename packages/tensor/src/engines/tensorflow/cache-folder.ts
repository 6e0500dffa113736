import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Folder of compiled bindings below the user's cache folder: `XDG_CACHE_HOME` where it is set, else the system's usual
 * place.
 */
export function bindingsFolder(environment: Environment = process.env): string {
  const named = environment["XDG_CACHE_HOME"];
  // The specification of the variable asks that relative paths be ignored.
  if (named !== undefined && isAbsolute(named)) return join(named, "lathe", "tensorflow");
  const home = environment["HOME"] ?? homedir();
  const cache = process.platform === "darwin" ? join(home, "Library", "Caches") : join(home, ".cache");
  return join(cache, "lathe", "tensorflow");
}
