/** What stands between a number and its unit: spaces, LaTeX's among them. */
const space = String.raw`(?:\s|~|\\[,;:! ]|\\quad(?![a-z]))`;
const power = String.raw`(?:${space}?(?:\^|\*\*)${space}?(?:\{\s?-?\d+\s?\}|-?\d|\\text\{-?\d+\})|\\textsuperscript\{-?\d+\})`;
/** Words in upright letters; digits are powers alone, so that no number is taken for a unit. */
const upright = (powers: "*" | "+"): string =>
  String.raw`\\(?:text(?:rm|it|bf|normal|sf)?|math(?:rm|it|bf|sf)|mbox|hbox|operatorname|unit|si)\s?\{[^{}\d^]*(?:\^(?:\{-?\d+\}|-?\d)[^{}\d^]*)${powers}\}`;
const words = upright("*");
/** A letter alone is a variable where it stands beside the number. */
const letter = "[mgsNJWVAKLlh](?![A-Za-z])";
const symbol = String.raw`(?:[munkcdMG](?:m|g|s|N|J|W|V|A|L|l)|[munkMG]?(?:Pa|Hz|mol)|in|ft|yd|mi|min|hr|sec|rad|units?|inch(?:es)?|(?:centi|milli|kilo)?met(?:er|re)s?|foot|feet|yards?|miles?|seconds?|hours?)(?![A-Za-z])`;
const han = String.raw`\p{Script=Han}{1,4}`;
const name = `(?:${words}|${symbol}|${letter}|${han})`;
const by = String.raw`(?:${space}{0,2}(?:\/|\*|·|⋅|\\cdot(?![a-z])|\\times(?![a-z]))${space}{0,2}|${space}{1,3})`;
const factors = `${name}${power}?(?:${by}${name}${power}?){0,5}`;
const first = `(?:${space}{0,3}(?:${words}|${symbol}|${han})|${space}{1,3}${letter})`;
const behindNumber = String.raw`(?<=[\d})])`;

/** Units with a power: cm², m/s², kg·m⁻³. Others have no digits and are as good as any word. */
const withPower = new RegExp(
  `${behindNumber}(?:${first}(?:${power}?${by}${name}){0,5}${power}(?:${by}${name}${power}){0,5}|${space}{0,3}${upright("+")})`,
  "gu",
);
const inFraction = new RegExp(
  String.raw`${behindNumber}(?:${space}|\\text\{\s*\})*\\[dt]?frac\s?\{${factors}\}\s?\{${factors}\}`,
  "gu",
);
/** Degrees, minutes of arc, and the ends of ordinals: marks that stand where a power would. */
const mark = new RegExp(
  String.raw`${behindNumber}\s?\^\s?(?:\\(?:circ|degree|prime)(?![a-z])|\\text\{\s?(?:st|nd|rd|th|o)\s?\}|o(?![a-z])|\{${space}?(?:\\(?:circ|degree|prime)|\\text\{\s?(?:st|nd|rd|th|o)\s?\}|st|nd|rd|th|o)${space}?\})`,
  "gu",
);
/** A quantity of the package siunitx. */
const quantity = /\\(?:SI|qty)\s?\{([^{}]*)\}\s?\{(?:[^{}]|\{[^{}]*\})*\}/gu;

/**
 * A text in which units behind numbers have no digits of their own, so that these are not taken for the number: of `12\text{ cm}^2` what
 * is left is a 12 with some unit.
 */
export function withoutUnits(text: string): string {
  return text
    .replaceAll(quantity, "$1")
    .replaceAll(mark, " unit")
    .replaceAll(inFraction, " unit")
    .replaceAll(withPower, " unit");
}
