import { runProcess } from "./run-process.js";

/** A Python that can run the peers. */
export interface PeerPython {
  readonly path: string;
  /** Versions of what the peers are made of. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A Python for the peers, or the sentence that says why there is none. */
export type FoundPython = { readonly python: PeerPython } | { readonly reason: string };

/** Modules that most peers are made of. */
const TORCH_MODULES: readonly string[] = ["torch", "transformers", "peft"];

const PROBE = `
import json, platform, sys
found = {"python": platform.python_version()}
for name in sys.argv[1:]:
    found[name] = __import__(name).__version__
print(json.dumps(found))
`;

/** Importing them takes some seconds on a cold disk. */
const PROBE_SECONDS = 120;

/**
 * Looks for a Python with the modules of a peer: the one that is named, else LATHE_PYTHON, else python3 on the
 * path. Only one is tried.
 */
export async function findPython(
  named: string | undefined,
  modules: readonly string[] = TORCH_MODULES,
): Promise<FoundPython> {
  const path = named ?? (process.env["LATHE_PYTHON"] || "python3");
  const without = (why: string): FoundPython => ({
    reason: `No peer is measured: ${path} ${why}; name a Python with ${modules.slice(0, -1).join(", ")} and ${modules.at(-1)} by --python or LATHE_PYTHON.`,
  });
  try {
    const { code, timedOut, stdout, stderr } = await runProcess(path, ["-c", PROBE, ...modules], {
      timeout: PROBE_SECONDS,
    });
    if (timedOut) return without(`did not answer within ${PROBE_SECONDS} s`);
    if (code !== 0) return without(`says "${lastLine(stderr)}"`);
    const versions: unknown = JSON.parse(lastLine(stdout));
    return { python: { path, versions: versions as Record<string, string> } };
  } catch (error) {
    return without(`cannot be run (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`);
  }
}

/** The last line that is not empty, as a Python ends its traceback with. */
export function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.trim() ?? "";
}
