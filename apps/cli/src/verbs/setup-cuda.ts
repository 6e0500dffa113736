import { formatBytes, option } from "@lathe/command";
import { type Findings, setupTensorFlow } from "@lathe/tensor";
import { z } from "zod";
import { withVerbs } from "../command-name.js";
import { defineVerb } from "../define-verb.js";

const options = z.object({
  tensorflow: option(
    z.string().min(1).optional(),
    "folder of the C library or of an installed tensorflow Python package",
    {
      placeholder: "dir",
      defaultText: "LATHE_TENSORFLOW or TENSORFLOW_DIR, else what Python and the system have",
    },
  ),
  force: option(z.boolean().default(false), "compile again what has been compiled"),
});

/** Names of what fails, in a line. */
function failing(...findings: readonly Findings[]): string {
  const names = findings.flatMap((all) =>
    Object.entries(all).flatMap(([name, fault]) => (fault ? [name] : [])),
  );
  return names.length === 0 ? "all types and operations work" : `these do not work: ${names.join(", ")}`;
}

export const setupCudaVerb = defineVerb({
  description:
    "Compiles the binding that ships with @tensorflow/tfjs-node-gpu against the library, tries it, and keeps it in the " +
    "cache folder of the user. npm fetches that package, alone, where it is not installed; nothing else is downloaded.",
  examples: [
    "lathe setup cuda",
    "lathe setup cuda --tensorflow ~/venv/lib/python3.12/site-packages/tensorflow",
  ],
  options,
  async run({ tensorflow, force }, { messages, note, signal, command }) {
    const { library, installed, wasCompiled, card } = await setupTensorFlow({
      tensorflow,
      force,
      signal,
      onStep: (step, subject) => {
        note(messages.setupStep(step, subject));
      },
    });
    const { tensorFlowVersion: version, binding, cpu, cuda, cudaReason } = installed;
    const lines = [
      `TensorFlow ${version} (${library.layout}) in ${library.folder}`,
      `binding      ${binding}${wasCompiled ? " (compiled before)" : ""}`,
      `tensorflow   ready: ${failing(cpu.types, cpu.operations)}`,
      cuda
        ? `cuda         ready: ${cuda.device.name}, compute capability ${cuda.device.computeCapability}, ` +
          `${formatBytes(cuda.device.memoryBytes)} for TensorFlow; ${failing(cuda.types, cuda.operations)}`
        : `cuda         not ready: ${withVerbs(String(cudaReason), command)}`,
    ];
    return {
      json: { ...installed, layout: library.layout, wasCompiled, cards: card?.models ?? [] },
      text: lines.join("\n"),
      // A card that is there and cannot be used is what the command was called for.
      exitCode: card !== null && cuda === null ? 1 : 0,
    };
  },
});
