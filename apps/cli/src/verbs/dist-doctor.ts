import { EXIT_DONE, EXIT_FAILED } from "@lathe/command";
import { tellFindings } from "@lathe/distributed";
import { sayPhrase } from "@lathe/files";
import { inspectRanks } from "@lathe/recipes";
import { inspectRanksOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Looks at what a run on several machines needs, and launches ranks that come together, tell of themselves and add up 10 MB: the launcher and the library of its make, hosts that answer and are different ones, versions and files that are the same on all ranks, and how long a step waits for the network. Exit code 1 where something does not hold.",
  examples: [
    "lathe dist doctor",
    "lathe dist doctor --hosts anna:1,berta:1 --interface eth0 --model models/base --data rows.jsonl",
  ],
  options: inspectRanksOptions,
  async run(values, { io, signal }) {
    const { model, data } = values;
    const program = [
      ...[process.execPath, process.argv[1], "dist", "doctor", "--json"],
      ...(model === undefined ? [] : ["--model", model]),
      ...(data === undefined ? [] : ["--data", data]),
    ];
    const result = await inspectRanks({ ...values, environment: io.env, program, signal });
    if (result === null) return { json: null, text: "" };
    const { findings, found } = result;
    const said = findings.map(({ check, holds, sentence }) => ({ check, holds, text: sayPhrase(sentence) }));
    return {
      json: { findings: said, ...found },
      text: tellFindings(findings),
      exitCode: findings.some(({ holds }) => holds === false) ? EXIT_FAILED : EXIT_DONE,
    };
  },
});
