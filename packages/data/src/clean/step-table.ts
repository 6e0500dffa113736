import { asPhrase, type Phrase, phrase } from "@lathe/files";
import { Boilerplate } from "./boilerplate.js";
import { CHINESE_FORMS, chineseConverter } from "./chinese.js";
import { checkStep, type CleaningStep, textStep } from "./cleaning-step.js";
import type { CleaningLimits } from "./cleaning-limits.js";
import { removeControlCharacters } from "./control-characters.js";
import { DigestIndex } from "../rows/digest-index.js";
import { foldUnicode } from "./fold-unicode.js";
import { removeHtml } from "./html.js";
import { unifyLineEnds } from "./line-ends.js";
import { removeMarkup } from "./markup.js";
import { repairMojibake } from "./mojibake.js";
import { checkInteger, OptionError } from "../option-error.js";
import { repeatedCharactersShortener } from "./repeated-characters.js";
import { findEmpty, findOtherLanguage, findTooLong, findTooShort } from "./row-checks.js";
import { rowDigest } from "../rows/row-digest.js";
import { mapRowTexts, type TextSpeaker } from "../rows/row-texts.js";
import { SCRIPTS } from "./scripts.js";
import { SPEAKERS, speakerPrefixRemover } from "./speaker-prefixes.js";
import type { StepName } from "./step-names.js";
import { fillSettings, type StepSettings } from "./step-settings.js";
import { replaceUrls } from "./urls.js";
import { tidyWhiteSpace } from "./white-space.js";
import { removeZeroWidth } from "./zero-width.js";

type Given = Readonly<Record<string, unknown>>;
type MakeStep = (given: Given, limits: CleaningLimits) => CleaningStep;

/** A step without settings. */
const plain =
  (name: string, make: (limits: CleaningLimits) => CleaningStep): MakeStep =>
  (given, limits) => {
    fillSettings(name, given, {});
    return make(limits);
  };

/** A step whose settings are filled in and checked. */
function settled<Name extends keyof StepSettings>(
  name: Name,
  defaults: StepSettings[Name],
  check: (settings: StepSettings[Name]) => void,
  make: (settings: StepSettings[Name]) => CleaningStep,
): MakeStep {
  return (given) => {
    const settings = fillSettings(name, given, defaults);
    check(settings);
    return make(settings);
  };
}

/** Results of tools are data of other programs: what only tidies prose passes them over. */
const prose =
  (change: (text: string) => string) =>
  (text: string, speaker: TextSpeaker): string =>
    speaker === "tool" ? text : change(text);

const field = (name: keyof StepSettings, key: string): string => `cleaning.steps.${name}.${key}`;

/** How each step is made. */
export const STEP_TABLE: Readonly<Record<StepName, MakeStep>> = {
  mojibake: plain("mojibake", () => ({
    name: "mojibake",
    repeats: true,
    apply(row) {
      let lost: string | undefined;
      const repaired = mapRowTexts(row, (text) => {
        const outcome = repairMojibake(text);
        if ("text" in outcome) return outcome.text;
        lost ??= outcome.lost;
        return text;
      });
      return lost === undefined
        ? repaired
        : { reject: `characters were lost in another encoding: it holds ${JSON.stringify(lost)}` };
    },
  })),
  "line-ends": plain("line-ends", () => textStep("line-ends", unifyLineEnds)),
  html: plain("html", () => textStep("html", prose(removeHtml), ["completion"])),
  "control-characters": plain("control-characters", () =>
    textStep("control-characters", removeControlCharacters),
  ),
  "zero-width": plain("zero-width", () => textStep("zero-width", removeZeroWidth)),
  unicode: plain("unicode", () => textStep("unicode", foldUnicode)),
  chinese: settled(
    "chinese",
    { to: "simplified" },
    ({ to }) => {
      if (!Object.hasOwn(CHINESE_FORMS, to)) {
        throw new OptionError(
          field("chinese", "to"),
          phrase`one of ${Object.keys(CHINESE_FORMS).join(", ")}`,
          to,
        );
      }
    },
    ({ to }) => textStep("chinese", chineseConverter(to)),
  ),
  urls: settled(
    "urls",
    { replacement: null },
    ({ replacement }) => {
      if (replacement !== null && typeof replacement !== "string") {
        throw new OptionError(field("urls", "replacement"), "a text", replacement);
      }
    },
    ({ replacement }) =>
      textStep(
        "urls",
        prose((text) => replaceUrls(text, replacement)),
      ),
  ),
  markup: plain("markup", () => textStep("markup", prose(removeMarkup), ["completion"])),
  "speaker-prefixes": settled(
    "speaker-prefixes",
    { speakers: SPEAKERS },
    ({ speakers }) =>
      checkList(
        field("speaker-prefixes", "speakers"),
        speakers,
        "names that are not empty",
        (name) => name !== "",
      ),
    ({ speakers }) => {
      const remove = speakerPrefixRemover(speakers);
      return textStep("speaker-prefixes", prose(remove), ["completion", "text"]);
    },
  ),
  boilerplate: settled(
    "boilerplate",
    { rows: 50, characters: 6 },
    ({ rows, characters }) => {
      checkInteger(field("boilerplate", "rows"), rows, 2);
      checkInteger(field("boilerplate", "characters"), characters, 1);
    },
    (settings) => new Boilerplate(settings),
  ),
  "repeated-characters": settled(
    "repeated-characters",
    { most: 3 },
    ({ most }) => checkInteger(field("repeated-characters", "most"), most, 1, 1000),
    ({ most }) => textStep("repeated-characters", prose(repeatedCharactersShortener(most)), ["completion"]),
  ),
  "white-space": plain("white-space", () => textStep("white-space", tidyWhiteSpace, ["completion"])),
  empty: plain("empty", () => checkStep("empty", findEmpty)),
  "too-short": plain("too-short", ({ minimumInputCharacters, minimumOutputCharacters }) =>
    checkStep("too-short", (row) => findTooShort(row, minimumInputCharacters, minimumOutputCharacters)),
  ),
  "too-long": plain("too-long", ({ maximumCharacters }) =>
    checkStep("too-long", (row) => findTooLong(row, maximumCharacters)),
  ),
  language: settled(
    "language",
    { scripts: ["zh", "latin"], share: 0.5 },
    ({ scripts, share }) => {
      const names = Object.keys(SCRIPTS);
      checkList(field("language", "scripts"), scripts, phrase`names out of ${names.join(", ")}`, (name) =>
        names.includes(name),
      );
      if (typeof share !== "number" || !(share >= 0 && share <= 1)) {
        throw new OptionError(field("language", "share"), "a share from 0 to 1", share);
      }
    },
    ({ scripts, share }) => checkStep("language", (row) => findOtherLanguage(row, scripts, share)),
  ),
  duplicate: plain("duplicate", () => {
    const kept = new DigestIndex();
    return checkStep("duplicate", (row) => {
      const distinct = kept.size;
      return kept.add(rowDigest(row)) === distinct ? undefined : "the same row came before";
    });
  }),
};

function checkList(
  option: string,
  values: readonly unknown[],
  expected: string | Phrase,
  isSound: (value: string) => boolean,
): void {
  if (!Array.isArray(values) || values.length === 0)
    throw new OptionError(option, phrase`a list of ${asPhrase(expected)}`, values);
  const odd = (values as readonly unknown[]).find((value) => typeof value !== "string" || !isSound(value));
  if (odd !== undefined) throw new OptionError(option, expected, odd);
}
