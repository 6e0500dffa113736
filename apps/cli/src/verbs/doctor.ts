import { sayTold } from "@lathe/command";
import { type Phrase, sayPhrase } from "@lathe/files";
import { inspectMachine, type InspectMachineOptions, machineRecord, tellMachine } from "@lathe/recipes";
import { withVerbs } from "../messages/with-verbs.js";
import { version } from "../version.js";
import { inspectMachineOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  examples: ["lathe doctor", "lathe doctor --model models/base --data rows.jsonl"],
  options: inspectMachineOptions,
  async run(_values, { command, messages, recipeOptions }) {
    const machine = await inspectMachine(recipeOptions<InspectMachineOptions>());
    const said = (phrase: Phrase): string => withVerbs(sayPhrase(phrase), command);
    const text = sayTold(tellMachine(machine, version), messages.phrases);
    return { json: machineRecord(machine, version, said), text: withVerbs(text, command) };
  },
});
