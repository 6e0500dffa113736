// Scripts in which a joiner between letters changes what is read: Persian and Arabic, and the Indic scripts.
const JOINING_SCRIPTS = [
  "Arabic",
  "Syriac",
  "Mongolian",
  "Devanagari",
  "Bengali",
  "Gurmukhi",
  "Gujarati",
  "Oriya",
  "Tamil",
  "Telugu",
  "Kannada",
  "Malayalam",
  "Sinhala",
  "Khmer",
  "Myanmar",
  "Tibetan",
]
  .map((script) => `\\p{Script_Extensions=${script}}`)
  .join("");

// Kept: the tag sequence of a flag such as that of Scotland; a joiner after a letter of such a script; a joiner inside an emoji sequence.
const FLAG = "\\u{1F3F4}[\\u{E0020}-\\u{E007E}]{1,16}\\u{E007F}";
const SCRIPT_JOINER = `(?<=[${JOINING_SCRIPTS}])(?<!\\u180e)[\\u200c\\u200d]`;
const EMOJI_JOINER =
  "(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f\\u20e3])\\u200d(?=\\p{Extended_Pictographic})";

// Zero width space and joiners, word joiner, byte order mark, soft hyphen, Mongolian vowel separator, invisible
// operators, deprecated format characters, interlinear marks, Hangul fillers, tags.
const INVISIBLE =
  "[\\u200b-\\u200d\\u2060-\\u2064\\u206a-\\u206f\\ufeff\\u00ad\\u180e\\ufff9-\\ufffb\\u3164\\uffa0\\u{E0000}-\\u{E007F}]";

const ZERO_WIDTH = new RegExp(`(${FLAG}|${SCRIPT_JOINER}|${EMOJI_JOINER})|${INVISIBLE}`, "gu");
const DIRECTION = "[\\u200e\\u200f\\u061c\\u202a-\\u202e\\u2066-\\u2069]";
const SUSPECT = new RegExp(`${INVISIBLE}|${DIRECTION}`, "u");
const DIRECTION_MARKS = new RegExp(DIRECTION, "g");
const DIRECTION_OVERRIDES = /[\u202d\u202e]/g;
const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

/**
 * Rule "zero-width": removes characters that are not seen, and that make equal texts unequal to a tokenizer.
 *
 * Kept are those that carry meaning: ZWJ inside emoji sequences, ZWJ and ZWNJ after a letter of a joining
 * script (Persian "می‌خواهم"), the tags of subdivision flags, and direction marks in texts with right-to-left script. Direction overrides
 * are removed everywhere, as they show a text other than the one that is there.
 */
export function removeZeroWidth(text: string): string {
  // Nearly every text is free of them, and looking behind at every character costs twenty times as much.
  if (!SUSPECT.test(text)) return text;
  // Marks first: a joiner must be judged by the character that will precede it.
  const unmarked = text.replace(RIGHT_TO_LEFT.test(text) ? DIRECTION_OVERRIDES : DIRECTION_MARKS, "");
  return unmarked.replace(ZERO_WIDTH, (_match, kept: string | undefined) => kept ?? "");
}
