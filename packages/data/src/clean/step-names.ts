/**
 * Names of the steps that come with the package, in the order in which they run unless another is given. Texts that were decoded wrongly come first, since their
 * bytes are told by characters that later steps remove; then line ends, for all that follow think in LF; HTML, whose entities
 * may name what is invisible; what is invisible, lest it part characters that Unicode composes; white space last of the texts, for
 * it sees what the others left. The edges of a completion row are where its two texts meet, and its inner white space is often code.
 */
export const CLEANING_STEPS = [
  "mojibake",
  "line-ends",
  "html",
  "control-characters",
  "zero-width",
  "unicode",
  "chinese",
  "urls",
  "markup",
  "speaker-prefixes",
  "boilerplate",
  "repeated-characters",
  "white-space",
  "empty",
  "too-short",
  "too-long",
  "language",
  "duplicate",
] as const;

/** Name of a step that comes with the package. */
export type StepName = (typeof CLEANING_STEPS)[number];
