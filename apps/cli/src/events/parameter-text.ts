import { formatNumber, formatTable } from "@lathe/command";
import type { ParameterTable } from "@lathe/peft";
import type { Messages } from "../messages/messages.js";

/** What an adapter trains, as a table in the language of the messages. */
export function parameterText(
  { groups, trainable, all, percent }: ParameterTable,
  { words, parametersOf }: Messages,
): string {
  const linears = groups.reduce((sum, group) => sum + group.linears, 0);
  const rows = [
    ...groups.map((group) => [group.name, group.linears, group.parameters]),
    [words.total, linears, trainable],
  ];
  const table = formatTable([words.linear, words.count, words.trainableParameters], rows);
  return `${table}\n${parametersOf(formatNumber(trainable), formatNumber(all), percent.toFixed(4))}`;
}
