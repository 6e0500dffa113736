/** A table for people. Cells are texts already; the first column is flush left, numbers flush right. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

function widths({ columns, rows }: Table): number[] {
  return columns.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column].length)));
}

/** Lines of a table, columns two spaces apart. */
export function formatTable(table: Table): string {
  const sizes = widths(table);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(sizes[column]) : cell.padStart(sizes[column])))
      .join("  ")
      .trimEnd();
  return [line(table.columns), ...table.rows.map(line)].join("\n");
}

/** A table in Markdown. */
export function markdownTable({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(columns),
    line(columns.map((_, column) => (column === 0 ? "---" : "---:"))),
    ...rows.map((row) => line(row.map((cell) => cell.replaceAll("|", "\\|")))),
  ].join("\n");
}

/** A contestant beside Lathe: its cells and by how much Lathe is faster and smaller, or why there are none. */
export type PeerRow =
  | {
      readonly name: string;
      readonly cells: readonly string[];
      readonly speed: number;
      readonly memory: number;
    }
  | { readonly name: string; readonly failure: string };

/**
 * Lathe and its peers side by side; without peers no column compares.
 * @param columns the first is that of names
 */
export function comparisonTable(
  columns: readonly string[],
  own: readonly string[],
  peers: readonly PeerRow[],
): Table {
  if (peers.length === 0) return { columns, rows: [["Lathe", ...own]] };
  const ratio = (value: number): string => `${value.toFixed(2)} ×`;
  return {
    columns: [...columns, "Lathe's speed", "Lathe's memory"],
    rows: [
      ["Lathe", ...own, "", ""],
      ...peers.map((peer) =>
        "failure" in peer
          ? [`${peer.name}: ${peer.failure}`, ...own.map(() => "–"), "–", "–"]
          : [peer.name, ...peer.cells, ratio(peer.speed), ratio(peer.memory)],
      ),
    ],
  };
}
