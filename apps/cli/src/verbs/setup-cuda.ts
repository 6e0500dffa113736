import { sayTold } from "@lathe/command";
import { asPhrase, formatBytes, type Phrase, phrase } from "@lathe/files";
import { setupTensorFlowOptions } from "@lathe/recipes/options";
import { type Findings, setupTensorFlow, type SetupStep } from "@lathe/tensor";
import { withVerbs } from "../messages/with-verbs.js";
import { defineVerb } from "../define-verb.js";

/** What the set-up is at. */
const stepPhrase = (step: SetupStep, subject: string): Phrase =>
  ({
    library: subject === "" ? phrase`looking for TensorFlow` : phrase`looking for TensorFlow in ${subject}`,
    package: phrase`fetching ${subject} from the npm registry`,
    compile: phrase`compiling the binding for TensorFlow ${subject}, some 15 s`,
    check: phrase`computing with TensorFlow ${subject} on the CPU`,
    "check card": phrase`computing on ${subject}`,
  })[step];

/** What fails, by its names. */
function failing(...findings: readonly Findings[]): Phrase {
  const names = findings.flatMap((all) =>
    Object.entries(all).flatMap(([name, fault]) => (fault ? [name] : [])),
  );
  return names.length === 0
    ? phrase`all types and operations work`
    : phrase`these do not work: ${names.join(", ")}`;
}

export const verb = defineVerb({
  description:
    "Compiles the binding that ships with @tensorflow/tfjs-node-gpu against the library, tries it, and keeps it in the " +
    "cache folder of the user. npm fetches that package, alone, where it is not installed; nothing else is downloaded.",
  examples: [
    "lathe setup cuda",
    "lathe setup cuda --tensorflow ~/venv/lib/python3.12/site-packages/tensorflow",
  ],
  options: setupTensorFlowOptions,
  async run({ tensorflow, force }, { messages, note, signal, command }) {
    const { library, installed, wasCompiled, card } = await setupTensorFlow({
      tensorflow,
      force,
      signal,
      onStep: (step, subject) => {
        note(stepPhrase(step, subject));
      },
    });
    const { tensorFlowVersion: version, binding, cpu, cuda, cudaReason } = installed;
    const device = cuda?.device;
    const { layout, folder } = library;
    const lines = [
      phrase`TensorFlow ${version} (${layout}) in ${folder}`,
      wasCompiled ? phrase`binding  ${binding} (compiled before)` : phrase`binding  ${binding}`,
      phrase`tensorflow  ready: ${failing(cpu.types, cpu.operations)}`,
      device && cuda
        ? phrase`cuda  ready: ${device.name}, compute capability ${device.computeCapability}, ${formatBytes(device.memoryBytes)}; ${failing(cuda.types, cuda.operations)}`
        : phrase`cuda  no: ${asPhrase(cudaReason ?? "")}`,
    ];
    return {
      json: { ...installed, layout: library.layout, wasCompiled, cards: card?.models ?? [] },
      text: withVerbs(sayTold([{ lines }], messages.phrases), command),
      // A card that is there and cannot be used is what the command was called for.
      exitCode: card !== null && cuda === null ? 1 : 0,
    };
  },
});
