import { ExportError } from "@lathe/export";
import {
  checkGateProgram,
  checkPythonPackages,
  type GateProgramName,
  hasGateProgram,
  hasPythonPackages,
} from "@lathe/export/gate";
import { type Phrase, phrase } from "@lathe/files";
import { describesBlockScales, isPackedFolder } from "@lathe/quant";

/** A program that exports are proven in. */
export interface ProvingProgram {
  /** Why it does not prove the export of a model here, as a warning; null where it does. */
  lack(model: string): Promise<Phrase | null>;
  /** @throws ExportError that says how it would */
  check(model: string): Promise<void>;
}

/** One that npm installs. */
const fromNpm = (name: GateProgramName): ProvingProgram => ({
  async lack() {
    if (await hasGateProgram(name)) return null;
    return phrase`the export is not proven: ${name}, in which it would be, is not installed; setupGate() installs it`;
  },
  check: () => checkGateProgram(name),
});

/** Whether a program of Python would read other weights of a base than Lathe, or none. */
const isPacked = async (model: string): Promise<boolean> =>
  (await isPackedFolder(model)) || (await describesBlockScales(model));

/** One of Python, which reads the weights of a base as they are. */
const fromPython = (name: string, packages: readonly string[], readsBase: boolean): ProvingProgram => ({
  async lack(model) {
    if (!(await hasPythonPackages(packages))) {
      return phrase`the export is not proven: ${name}, in which it would be, is not installed; python3 -m pip install ${packages.join(" ")} installs it`;
    }
    if (!readsBase || !(await isPacked(model))) return null;
    return phrase`the export is not proven: ${name} would read the packed weights of ${model} otherwise`;
  },
  async check(model) {
    await checkPythonPackages(packages);
    if (!readsBase || !(await isPacked(model))) return;
    throw new ExportError({
      path: model,
      expected: phrase`weights that are not packed, over which ${name} proves an adapter`,
      actual: "packed ones",
      remedy: "leave the prompts out, or export the merged model",
    });
  },
});

/** The programs, by name. */
export const provingPrograms = {
  "llama.cpp": fromNpm("llama.cpp"),
  "transformers.js": fromNpm("transformers.js"),
  peft: fromPython("PEFT", ["torch", "transformers", "peft"], true),
  transformers: fromPython("Transformers", ["torch", "transformers"], false),
} as const;
