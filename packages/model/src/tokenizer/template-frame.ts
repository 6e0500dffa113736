import { isRecord } from "@lathe/files";

/** Ids that are put before and after a text. */
export interface Frame {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** What the post-processor of tokenizer.json puts around a single text; null for one that does more than that. */
export function templateFrame(part: unknown): Frame | null {
  if (part === null || part === undefined) return { before: [], after: [] };
  if (!isRecord(part)) return null;
  // It moves offsets alone.
  if (part["type"] === "ByteLevel") return { before: [], after: [] };
  if (part["type"] === "Sequence" && Array.isArray(part["processors"])) {
    let frame: Frame = { before: [], after: [] };
    for (const processor of part["processors"] as unknown[]) {
      const outer = templateFrame(processor);
      if (outer === null) return null;
      frame = { before: [...outer.before, ...frame.before], after: [...frame.after, ...outer.after] };
    }
    return frame;
  }
  if (part["type"] !== "TemplateProcessing" || !Array.isArray(part["single"])) return null;
  const before: number[] = [];
  const after: number[] = [];
  let texts = 0;
  for (const piece of part["single"] as unknown[]) {
    if (!isRecord(piece)) return null;
    if (isRecord(piece["Sequence"])) {
      texts += 1;
      continue;
    }
    const ids = idsOfToken(piece["SpecialToken"], part["special_tokens"]);
    if (ids === null) return null;
    (texts === 0 ? before : after).push(...ids);
  }
  return texts === 1 ? { before, after } : null;
}

function idsOfToken(token: unknown, tokens: unknown): number[] | null {
  const name = isRecord(token) ? token["id"] : undefined;
  if (typeof name !== "string" || !isRecord(tokens) || !Object.hasOwn(tokens, name)) return null;
  const entry = tokens[name];
  const ids: unknown = isRecord(entry) ? entry["ids"] : undefined;
  const isId = (id: unknown): id is number => typeof id === "number" && Number.isSafeInteger(id) && id >= 0;
  return Array.isArray(ids) && ids.every(isId) ? ids : null;
}
