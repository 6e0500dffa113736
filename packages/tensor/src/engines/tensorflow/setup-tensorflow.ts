import { makeFolder, phrase, sayPhrase } from "@lathe/files";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bindingsFolder, type Environment } from "./cache-folder.js";
import {
  BINDING_PACKAGE,
  BINDING_VERSION,
  bindingPackageFolder,
  fetchBindingPackage,
} from "./binding-package.js";
import { type BindingCheck, checkBinding } from "./check-binding.js";
import { compileArguments, compileBinding } from "./compile-binding.js";
import { diagnoseLog } from "./diagnose-log.js";
import { findTensorFlow, libraryStamp, type TensorFlowLibrary } from "./find-library.js";
import { type InstalledBinding, installedPath } from "./installed-binding.js";
import { nvidiaCard, type NvidiaCard } from "./nvidia-card.js";
import { TensorFlowSetupError } from "./setup-error.js";

/** Steps of a set-up, in order. */
export type SetupStep = "library" | "package" | "compile" | "check" | "check card";

/** What {@link setupTensorFlow} is given. */
export interface SetupOptions {
  /** Folder of the library; without it the environment and Python's packages are searched. */
  readonly tensorflow?: string | undefined;
  /** @defaultValue `process.env` */
  readonly environment?: Environment;
  /** Compiles again where a binding for this library is there already. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
  /** Each step as it begins, and what it is about. */
  readonly onStep?: (step: SetupStep, subject: string) => void;
}

/** What a set-up did. */
export interface TensorFlowSetup {
  readonly library: TensorFlowLibrary;
  readonly installed: InstalledBinding;
  /** Whether the binding had been compiled before. */
  readonly wasCompiled: boolean;
  /** The cards of this machine, or null. */
  readonly card: NvidiaCard | null;
}

const BINDING_FILE = "tfjs_binding.node";

/**
 * Makes the engines on TensorFlow ready: finds a library, compiles the binding of `@tensorflow/tfjs-node-gpu` against it,
 * computes with it in a process of its own, and keeps it in the user's cache folder, one per version of the library and
 * of Node's interface. Where that package is not installed beside this one, npm fetches it, alone, into the same folder:
 * nothing else is downloaded.
 *
 * A machine without a card, or a library without CUDA, is no failure: the engine `tensorflow` then works, and
 * `installed.cudaReason` says why `cuda` does not.
 * @throws TensorFlowSetupError with what is missing and the remedy
 */
export async function setupTensorFlow(options: SetupOptions = {}): Promise<TensorFlowSetup> {
  const { environment = process.env, signal, onStep } = options;
  if (process.platform !== "linux") {
    throw new TensorFlowSetupError(
      "platform",
      phrase`TensorFlow is set up on Linux, and this is ${process.platform}`,
      process.platform === "win32"
        ? "use the Windows Subsystem for Linux, which sees the card"
        : "use another engine",
    );
  }
  onStep?.("library", options.tensorflow ?? "");
  const library = await findTensorFlow(options.tensorflow, environment);
  const stamp = libraryStamp(library.files)!;
  const run = { environment, signal };
  let bindingPackage = bindingPackageFolder(environment);
  if (bindingPackage === null) {
    onStep?.("package", `${BINDING_PACKAGE} ${BINDING_VERSION}`);
    bindingPackage = await fetchBindingPackage(run);
  }

  const root = bindingsFolder(environment);
  await makeFolder(root);
  const nodeAbi = process.versions.modules;
  const key = createHash("sha256")
    .update(JSON.stringify([stamp, compileArguments(library, bindingPackage, "")]))
    .digest("hex")
    .slice(0, 12);
  const place = join(root, `${library.version ?? "unversioned"}-node-${nodeAbi}-${key}`);
  const wasCompiled = !options.force && existsSync(join(place, BINDING_FILE));
  const temporary = wasCompiled ? null : await mkdtemp(join(root, "new-"));
  try {
    const candidate = join(temporary ?? place, BINDING_FILE);
    if (temporary !== null) {
      onStep?.("compile", library.version ?? library.folder);
      await compileBinding(library, bindingPackage, candidate, run);
    }
    onStep?.("check", library.version ?? library.folder);
    const cpu = await checkBinding(candidate, "cpu", run);
    const card = nvidiaCard(environment);
    const { check, reason } = await checkCard(candidate, library, card, run, onStep);
    if (temporary !== null) {
      await rm(place, { recursive: true, force: true });
      await rename(temporary, place);
    }
    const findings = ({ types, operations }: BindingCheck) => ({ types, operations });
    const installed: InstalledBinding = {
      format: 1,
      binding: join(place, BINDING_FILE),
      tensorFlowVersion: cpu.version,
      library: library.folder,
      libraryFiles: library.files,
      libraryStamp: stamp,
      nodeAbi,
      cpu: findings(cpu),
      cuda: check?.device ? { ...findings(check), device: check.device } : null,
      cudaReason: reason,
    };
    await writeWhole(installedPath(environment, nodeAbi), `${JSON.stringify(installed, null, 2)}\n`);
    return { library, installed, wasCompiled, card };
  } finally {
    if (temporary !== null) await rm(temporary, { recursive: true, force: true });
  }
}

/** Tries the card, where there is one. @returns the check, or the reason why the card is not in use */
async function checkCard(
  binding: string,
  library: TensorFlowLibrary,
  card: NvidiaCard | null,
  run: { readonly environment: Environment; readonly signal: AbortSignal | undefined },
  onStep: SetupOptions["onStep"],
): Promise<{ check: BindingCheck | null; reason: string | null }> {
  if (card === null) return { check: null, reason: "there is no NVIDIA card for this process" };
  const model = card.models.join(", ") || "the NVIDIA card";
  if (library.isCudaBuild === false) {
    return {
      check: null,
      reason:
        `the TensorFlow ${library.version ?? ""} in ${library.folder} computes on the CPU alone; install one built for ` +
        "CUDA (python3 -m pip install tensorflow[and-cuda]) and run setupTensorFlow() again",
    };
  }
  onStep?.("check card", model);
  try {
    const check = await checkBinding(binding, "cuda", run);
    if (check.device) return { check, reason: null };
    const known = diagnoseLog(check.log);
    return {
      check: null,
      reason: known
        ? `${sayPhrase(known.found)}; ${sayPhrase(known.remedy)}`
        : `TensorFlow does not use ${model} and does not say why; TF_CPP_MIN_LOG_LEVEL=0 shows its messages`,
    };
  } catch (error) {
    if (!(error instanceof TensorFlowSetupError)) throw error;
    return { check: null, reason: error.message };
  }
}

/** Writes a file beside its place and renames it: whoever reads it sees the old one or the new. */
async function writeWhole(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  await writeFile(beside, text);
  await rename(beside, path);
}
