import { SpokenError } from "@lathe/files";

/** A pattern is no regular expression, or asks for what texts are not held to. */
export class TextPatternError extends SpokenError {
  override readonly name = "TextPatternError";
}
