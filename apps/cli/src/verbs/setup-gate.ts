import { phrase } from "@lathe/files";
import { setupGate } from "@lathe/export/gate";
import { setupGateOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "npm fetches node-llama-cpp, in which GGUF is proven, and transformers.js, in which ONNX is, into a cache folder of the user, or " +
    "that of LATHE_GATE. No script of theirs runs, and no project grows by them.",
  examples: ["lathe setup gate", "lathe setup gate --program llama.cpp"],
  options: setupGateOptions,
  async run({ program }, { note, signal }) {
    const programs = await setupGate({
      programs: program && [program],
      signal,
      onInstall(_name, packages) {
        note(phrase`fetching ${packages.join(" ")} from the npm registry`);
      },
    });
    return {
      json: { programs },
      text: [{ lines: programs.map((one) => phrase`${one.program}  ready: ${one.folder}`) }],
    };
  },
});
