import { option } from "@lathe/files";
import { parseBytes } from "@lathe/train";
import { z } from "zod";

/** How much memory the process may take. */
export const memoryOption = (): z.ZodOptional<z.ZodString> =>
  option(
    z
      .string()
      .refine((text) => parseBytes(text) !== null, { error: "expected a size such as 8GB or 7.5GiB" })
      .optional(),
    "what the process may take in all, for --checkpointing auto",
    { placeholder: "size", defaultText: "what is free" },
  );
