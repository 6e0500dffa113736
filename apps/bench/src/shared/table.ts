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

/** A contestant that was measured. */
export interface Contestant {
  readonly name: string;
  readonly peakResidentBytes: number;
}

/** How contestants of one kind are shown. */
export interface Comparison<Summary extends Contestant> {
  /** The first is that of names. */
  readonly columns: readonly string[];
  /** A peer's name for people. */
  readonly title: (name: string) => string;
  /** All cells but the name. */
  readonly cells: (summary: Summary) => readonly string[];
  /** Lathe's speed by a peer's. */
  readonly speed: (peer: Summary) => number;
}

/** Lathe and its peers side by side, or why a peer has no numbers; without peers no column compares. */
export function comparisonTable<Summary extends Contestant>(
  own: Summary,
  peers: readonly (Summary | { readonly name: string; readonly failure: string })[],
  { columns, title, cells, speed }: Comparison<Summary>,
): Table {
  const ownCells = cells(own);
  if (peers.length === 0) return { columns, rows: [["Lathe", ...ownCells]] };
  const ratio = (value: number): string => `${value.toFixed(2)} ×`;
  return {
    columns: [...columns, "Lathe's speed", "Lathe's memory"],
    rows: [
      ["Lathe", ...ownCells, "", ""],
      ...peers.map((peer) =>
        "failure" in peer
          ? [`${title(peer.name)}: ${peer.failure}`, ...ownCells.map(() => "–"), "–", "–"]
          : [
              ...[title(peer.name), ...cells(peer)],
              ...[ratio(speed(peer)), ratio(own.peakResidentBytes / peer.peakResidentBytes)],
            ],
      ),
    ],
  };
}
