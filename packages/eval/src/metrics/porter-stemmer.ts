/**
 * Porter's algorithm for suffix stripping (Program 14(3), 1980, https://tartarus.org/martin/PorterStemmer/) with the
 * extensions that NLTK makes by default, because ROUGE with stemming means this variant: Google's `rouge_score` and
 * TorchMetrics both call it.
 *
 * The extensions: a few irregular words; "dies" gives "die" but "flies" gives "fli"; a final y becomes i after any
 * consonant that is not the word's first letter; a vowel and a consonant alone count as a short stem; "bli", "fulli"
 * and "logi" among the endings; "alli" is taken off before the other endings of its step.
 */

/** The stem of a word in lower case. */
export function porterStem(word: string): string {
  const irregular = irregularStems.get(word);
  if (irregular !== undefined) return irregular;
  if (word.length <= 2) return word;
  return [
    stripPlural,
    stripPastAndGerund,
    softenFinalY,
    mapDoubleSuffix,
    mapDerivedSuffix,
    stripDerivedSuffix,
    stripFinalE,
    stripDoubleL,
  ].reduce((stem, step) => step(stem), word);
}

const irregularStems: ReadonlyMap<string, string> = new Map([
  ["sky", "sky"],
  ["skies", "sky"],
  ["dying", "die"],
  ["lying", "lie"],
  ["tying", "tie"],
  ["news", "news"],
  ["innings", "inning"],
  ["inning", "inning"],
  ["outings", "outing"],
  ["outing", "outing"],
  ["cannings", "canning"],
  ["canning", "canning"],
  ["howe", "howe"],
  ["proceed", "proceed"],
  ["exceed", "exceed"],
  ["succeed", "succeed"],
]);

/** The word as c and v for consonants and vowels; y is a vowel after a consonant. */
function letterKinds(word: string): string {
  let kinds = "";
  for (const letter of word) {
    if ("aeiou".includes(letter)) kinds += "v";
    else if (letter === "y") kinds += kinds.endsWith("c") ? "v" : "c";
    else kinds += "c";
  }
  return kinds;
}

/** Porter's m: how many times a vowel is followed by a consonant. */
function measure(stem: string): number {
  return letterKinds(stem).split("vc").length - 1;
}

/** Porter's *o: ends consonant, vowel, consonant other than w, x, y; or is just a vowel and a consonant. */
function endsShort(stem: string): boolean {
  const kinds = letterKinds(stem);
  return (kinds.endsWith("cvc") && !/[wxy]$/.test(stem)) || kinds === "vc";
}

/** Porter's *d: ends in the same consonant twice. */
function endsDoubleConsonant(stem: string): boolean {
  return stem.length >= 2 && stem.at(-1) === stem.at(-2) && letterKinds(stem).endsWith("c");
}

interface Rule {
  readonly suffix: string;
  readonly replacement: string;
  /** Whether the rule applies to what precedes the suffix. */
  readonly applies: (stem: string) => boolean;
}

/** The first rule whose suffix fits decides, also when its condition fails: then the word stays as it is. */
function applyFirst(word: string, rules: readonly Rule[]): string {
  const rule = rules.find(({ suffix }) => word.endsWith(suffix));
  if (!rule) return word;
  const stem = word.slice(0, word.length - rule.suffix.length);
  return rule.applies(stem) ? stem + rule.replacement : word;
}

/** Rules written "suffix:replacement", which share a condition. */
function rulesOf(table: string, applies: Rule["applies"]): Rule[] {
  return table.split(" ").map((entry) => {
    const [suffix, replacement] = entry.split(":") as [string, string];
    return { suffix, replacement, applies };
  });
}

const hasMeasure = (stem: string) => measure(stem) > 0;
const hasLongMeasure = (stem: string) => measure(stem) > 1;

const pluralRules = rulesOf("sses:ss ies:i ss:ss s:", () => true);

/** Step 1a. */
function stripPlural(word: string): string {
  if (word.length === 4 && word.endsWith("ies")) return word.slice(0, -1);
  return applyFirst(word, pluralRules);
}

/** Step 1b. */
function stripPastAndGerund(word: string): string {
  if (word.endsWith("ied")) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith("eed")) return hasMeasure(word.slice(0, -3)) ? word.slice(0, -1) : word;
  const ending = ["ed", "ing"].find((suffix) => word.endsWith(suffix));
  if (ending === undefined) return word;
  const stem = word.slice(0, -ending.length);
  if (!letterKinds(stem).includes("v")) return word;
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (endsDoubleConsonant(stem)) return /[lsz]$/.test(stem) ? stem : stem.slice(0, -1);
  return measure(stem) === 1 && endsShort(stem) ? `${stem}e` : stem;
}

/** Step 1c. */
function softenFinalY(word: string): string {
  const stem = word.slice(0, -1);
  return word.endsWith("y") && stem.length > 1 && letterKinds(stem).endsWith("c") ? `${stem}i` : word;
}

const doubleSuffixRules: readonly Rule[] = [
  ...rulesOf(
    "ational:ate tional:tion enci:ence anci:ance izer:ize bli:ble alli:al entli:ent eli:e ousli:ous ization:ize " +
      "ation:ate ator:ate alism:al iveness:ive fulness:ful ousness:ous aliti:al iviti:ive biliti:ble fulli:ful",
    hasMeasure,
  ),
  // The l belongs to the stem here, so that "geologi" is treated like "archaeologi".
  { suffix: "logi", replacement: "log", applies: (stem) => hasMeasure(`${stem}l`) },
];

/** Step 2. */
function mapDoubleSuffix(word: string): string {
  if (word.endsWith("alli") && hasMeasure(word.slice(0, -4))) return mapDoubleSuffix(word.slice(0, -2));
  return applyFirst(word, doubleSuffixRules);
}

const derivedSuffixRules = rulesOf("icate:ic ative: alize:al iciti:ic ical:ic ful: ness:", hasMeasure);

/** Step 3. */
function mapDerivedSuffix(word: string): string {
  return applyFirst(word, derivedSuffixRules);
}

const strippedSuffixRules: readonly Rule[] = [
  ...rulesOf("al: ance: ence: er: ic: able: ible: ant: ement: ment: ent:", hasLongMeasure),
  { suffix: "ion", replacement: "", applies: (stem) => hasLongMeasure(stem) && /[st]$/.test(stem) },
  ...rulesOf("ou: ism: ate: iti: ous: ive: ize:", hasLongMeasure),
];

/** Step 4. */
function stripDerivedSuffix(word: string): string {
  return applyFirst(word, strippedSuffixRules);
}

/** Step 5a. */
function stripFinalE(word: string): string {
  if (!word.endsWith("e")) return word;
  const stem = word.slice(0, -1);
  return measure(stem) > 1 || (measure(stem) === 1 && !endsShort(stem)) ? stem : word;
}

/** Step 5b. */
function stripDoubleL(word: string): string {
  return word.endsWith("ll") && measure(word.slice(0, -1)) > 1 ? word.slice(0, -1) : word;
}
