import { formatNumber, phrase, type Told } from "@lathe/files";
import type { ParameterTable } from "@lathe/peft";

/** What an adapter trains, as people read it. */
export function tellParameters({ groups, trainable, all, percent }: ParameterTable): Told {
  const linears = groups.reduce((sum, group) => sum + group.linears, 0);
  return [
    {
      head: [phrase`linear`, phrase`count`, phrase`trainable parameters`],
      rows: [
        ...groups.map((group) => [group.name, group.linears, group.parameters]),
        [phrase`total`, linears, trainable],
      ],
      below: [
        phrase`${formatNumber(trainable)} of ${formatNumber(all)} parameters (${percent.toFixed(4)} %)`,
      ],
    },
  ];
}
