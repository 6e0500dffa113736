import { z } from "zod";
import { option } from "../framework/option.js";

const factors: Readonly<Record<string, number>> = {
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/** "8GB" → 8000000000. @returns undefined where the text is no size */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) *([KMGT]I?B)$/i.exec(text.trim());
  if (!match) return undefined;
  const bytes = Math.round(Number(match[1]) * factors[match[2].toUpperCase()]);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** How much memory the process may take. */
export const memoryOption = (): z.ZodOptional<z.ZodString> =>
  option(
    z
      .string()
      .refine((text) => parseBytes(text) !== undefined, { error: "expected a size such as 8GB or 7.5GiB" })
      .optional(),
    "what the process may take in all, for --checkpointing auto",
    { placeholder: "size", defaultText: "what is free" },
  );
