import { spawn } from "node:child_process";
import { makeFolder, phrase } from "@lathe/files";
import { ExportError } from "../errors.js";
import {
  gateFolder,
  gateProgram,
  type GateProgramName,
  gateProgramNames,
  hasGateProgram,
  programFolder,
} from "./gate-packages.js";

/** How {@link setupGate} goes about it. */
export interface SetupGateOptions {
  /** Programs to install. @defaultValue all */
  readonly programs?: readonly GateProgramName[] | undefined;
  /** Folder that they are installed in. @defaultValue gateFolder() */
  readonly folder?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears of each program before npm is called for it. */
  readonly onInstall?: ((program: GateProgramName, packages: readonly string[]) => void) | undefined;
}

/** A program that is ready. */
export interface InstalledGate {
  readonly program: GateProgramName;
  /** Its folder. */
  readonly folder: string;
  /** Whether it was there before. */
  readonly wasInstalled: boolean;
}

/** Packages that fetch libraries in scripts of theirs are told not to: what they ship suffices. */
const quiet = { ONNXRUNTIME_NODE_INSTALL: "skip", NODE_LLAMA_CPP_SKIP_DOWNLOAD: "true" };

/**
 * Installs the programs that exports are proven in, with npm, so that the registry and the proxy of the user's settings count; no
 * script of a package runs.
 *
 * @throws ExportError when npm cannot install one
 * @throws the signal's reason when it aborts
 */
export async function setupGate(options: SetupGateOptions = {}): Promise<InstalledGate[]> {
  const { programs = gateProgramNames, folder = gateFolder(), signal, onInstall } = options;
  const installed: InstalledGate[] = [];
  for (const program of programs) {
    const place = programFolder(program, folder);
    const wasInstalled = await hasGateProgram(program, folder);
    if (!wasInstalled) {
      const { packages, omitsOptional } = gateProgram(program);
      onInstall?.(program, packages);
      await makeFolder(place);
      const flags = [
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        ...(omitsOptional ? ["--omit=optional"] : []),
      ];
      const complaint = await npm(["install", "--prefix", place, ...flags, ...packages], signal);
      if (complaint !== null || !(await hasGateProgram(program, folder))) {
        throw new ExportError({
          path: place,
          expected: phrase`npm to install ${packages.join(" ")}`,
          actual: complaint === null ? "none" : phrase`its complaint “${complaint}”`,
          remedy: "check the connection and npm's registry settings",
        });
      }
    }
    installed.push({ program, folder: place, wasInstalled });
  }
  return installed;
}

/** Runs npm without a shell. @returns what it complains of; null where it does not */
async function npm(args: readonly string[], signal: AbortSignal | undefined): Promise<string | null> {
  signal?.throwIfAborted();
  return await new Promise((settle, fail) => {
    const child = spawn("npm", args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...quiet },
      ...(signal ? { signal } : {}),
    });
    let written = "";
    child.stderr.on("data", (chunk: Buffer) => (written += chunk.toString()));
    child.on("error", (error) => {
      if (signal?.aborted) fail(error);
      else settle(error.message);
    });
    child.on("close", (code) => {
      settle(code === 0 ? null : written.trim());
    });
  });
}
