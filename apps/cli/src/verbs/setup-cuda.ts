import { option } from "@lathe/command";
import { asPhrase, sayPhrase, formatBytes } from "@lathe/files";
import { type Findings, setupTensorFlow } from "@lathe/tensor";
import { z } from "zod";
import { withVerbs } from "../messages/with-verbs.js";
import { defineVerb } from "../define-verb.js";
import type { Messages } from "../messages/messages.js";

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
function failing({ setup }: Messages, ...findings: readonly Findings[]): string {
  const names = findings.flatMap((all) =>
    Object.entries(all).flatMap(([name, fault]) => (fault ? [name] : [])),
  );
  return names.length === 0 ? setup.allWork : setup.doNotWork(names.join(", "));
}

export const verb = defineVerb({
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
    const { setup, words } = messages;
    const device = cuda?.device;
    const lines = [
      setup.library(version, library.layout, library.folder),
      `${setup.binding}  ${binding}${wasCompiled ? ` (${setup.compiledBefore})` : ""}`,
      `tensorflow  ${setup.ready}: ${failing(messages, cpu.types, cpu.operations)}`,
      device && cuda
        ? `cuda  ${setup.ready}: ${messages.capability(device.name, device.computeCapability, formatBytes(device.memoryBytes))}; ` +
          failing(messages, cuda.types, cuda.operations)
        : `cuda  ${words.no}: ${withVerbs(sayPhrase(asPhrase(String(cudaReason)), messages.phrases), command)}`,
    ];
    return {
      json: { ...installed, layout: library.layout, wasCompiled, cards: card?.models ?? [] },
      text: lines.join("\n"),
      // A card that is there and cannot be used is what the command was called for.
      exitCode: card !== null && cuda === null ? 1 : 0,
    };
  },
});
