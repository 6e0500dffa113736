import { asPhrase, type Phrase, phrase } from "@lathe/files";
import { distance } from "fastest-levenshtein";

/**
 * The known name that is most like one that is not known, or null when none is like it: more than half of its letters
 * would have to change.
 */
export function nearestName(name: string, known: readonly string[]): string | null {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_]/g, "");
  let nearest: string | null = null;
  let least = Infinity;
  for (const candidate of known) {
    const edits = distance(plain(name), plain(candidate));
    if (edits < least) [nearest, least] = [candidate, edits];
  }
  return nearest !== null && least <= Math.max(2, plain(nearest).length / 2) ? nearest : null;
}

/** `; did you mean …?`, or nothing when no known name is like it. */
export function suggestion(name: string, known: readonly string[]): Phrase {
  const nearest = nearestName(name, known);
  return nearest === null ? asPhrase("") : phrase`; did you mean ${nearest}?`;
}
