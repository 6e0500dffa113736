import { type Cell, type Phrase, sayPhrase, type Told, type Translations } from "@lathe/files";
import { flagOfField } from "./fields.js";
import { formatFacts, formatTable } from "./format.js";

/**
 * What a result tells, as a text for a terminal.
 * @param translations of the language to say it in; English without
 */
export function sayTold(told: Told, translations?: Translations): string {
  const said = (text: string | Phrase): string =>
    typeof text === "string" ? text : sayPhrase(text, translations, flagOfField);
  const cell = (value: Cell): string | number | null =>
    typeof value === "object" && value !== null ? said(value) : (value ?? null);
  return told
    .map((part) => {
      if (typeof part === "string" || "template" in part) return said(part);
      if ("facts" in part) return formatFacts(part.facts.map(([name, value]) => [said(name), said(value)]));
      if ("lines" in part) return part.lines.map(said).join("\n");
      const { above = [], head, rows, below = [] } = part;
      const table = formatTable(
        head.map(said),
        rows.map((row) => row.map(cell)),
      );
      return [...above.map(said), table, ...below.map(said)].join("\n");
    })
    .join("\n\n");
}
