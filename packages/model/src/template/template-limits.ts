import { TemplateError } from "./template-error.js";

/** Longest text or list that an operation makes. */
export const LONGEST = 50_000_000;
/** @throws TemplateError when a value is not to be made */
export function checkLength(length: number): void {
  if (length > LONGEST)
    throw new TemplateError("MemoryError", "the template makes a value that is too large");
}
