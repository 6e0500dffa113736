import { option } from "@lathe/command";
import { gateProgramNames, setupGate } from "@lathe/export";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";

const options = z.object({
  program: option(z.enum(gateProgramNames).optional(), "install this one alone", { defaultText: "all" }),
});

export const verb = defineVerb({
  description:
    "npm fetches node-llama-cpp, in which GGUF is proven, and transformers.js, in which ONNX is, into a cache folder of the user, or " +
    "that of LATHE_GATE. No script of theirs runs, and no project grows by them.",
  examples: ["lathe setup gate", "lathe setup gate --program llama.cpp"],
  options,
  async run({ program }, { messages, note, signal }) {
    const { setup } = messages;
    const programs = await setupGate({
      programs: program && [program],
      signal,
      onInstall(_name, packages) {
        note(messages.setupStep("package", packages.join(" ")));
      },
    });
    return {
      json: { programs },
      text: programs.map((one) => `${one.program}  ${setup.ready}: ${one.folder}`).join("\n"),
    };
  },
});
