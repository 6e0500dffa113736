import type { JSX } from "preact";

/** A line of a table of bars. */
export interface Bar {
  readonly name: string;
  readonly count: number;
}

/** Counts as bars beside each other's names and numbers, which print and are read aloud as a table. */
export function Bars({ bars }: { readonly bars: readonly Bar[] }): JSX.Element {
  const most = Math.max(1, ...bars.map(({ count }) => count));
  return (
    <table class="bars">
      <tbody>
        {bars.map(({ name, count }) => (
          <tr>
            <th scope="row">{name}</th>
            <td class="bar">
              <span style={`width:${((100 * count) / most).toFixed(2)}%`} />
            </td>
            <td class="number">{count.toLocaleString("en-US")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
