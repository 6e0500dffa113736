import { boundedText } from "./bounded-text.js";

/** Characters of a value that a message shows. */
const SHOWN = 80;

/** The beginning of a value as JSON, for messages; `nothing` for what JSON does not have. */
export const shown = (value: unknown): string => boundedText(JSON.stringify(value) ?? "nothing", SHOWN);
