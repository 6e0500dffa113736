import type { JSX } from "preact";

/** A table of names and values, flat or in groups, as `report.json` has them. */
export function Facts({ values }: { readonly values: Readonly<Record<string, unknown>> }): JSX.Element {
  const groups = new Map<string, [name: string, value: string][]>();
  for (const [key, value] of Object.entries(values)) {
    if (saysNothing(value)) continue;
    if (typeof value === "object" && !Array.isArray(value)) {
      const rows = flattened(value as Record<string, unknown>, "");
      if (rows.length > 0) groups.set(key, rows);
    } else {
      groups.set("", [...(groups.get("") ?? []), [key, shown(value)]]);
    }
  }
  return (
    <div class="facts">
      {[...groups].map(([group, rows]) => (
        <div class="scroll">
          {group !== "" && <h3>{group}</h3>}
          <table>
            <tbody>
              {rows.map(([name, value]) => (
                <tr>
                  <th scope="row">{name}</th>
                  <td>{value}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ))}
    </div>
  );
}

const saysNothing = (value: unknown): value is null | undefined | readonly [] =>
  value === null || value === undefined || (Array.isArray(value) && value.length === 0);

function flattened(values: Readonly<Record<string, unknown>>, prefix: string): [string, string][] {
  return Object.entries(values).flatMap(([key, value]): [string, string][] => {
    if (saysNothing(value)) return [];
    if (typeof value === "object" && !Array.isArray(value)) {
      return flattened(value as Record<string, unknown>, `${prefix}${key}.`);
    }
    return [[prefix + key, shown(value)]];
  });
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(", ");
  if (typeof value === "number" && !Number.isInteger(value)) return String(+value.toPrecision(6));
  return typeof value === "string" ? value : JSON.stringify(value);
}
