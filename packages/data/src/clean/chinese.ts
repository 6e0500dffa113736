import { createRequire } from "node:module";
import { mapProse } from "./code-fences.js";
import { MissingConversionError } from "./missing-conversion-error.js";

/** Ways of writing Chinese that texts can be brought to, with OpenCC's names of from and to. */
export const CHINESE_FORMS = {
  simplified: ["t2cn", "tw", "cn"],
  traditional: ["cn2t", "cn", "t"],
  taiwan: ["cn2t", "cn", "twp"],
  "hong-kong": ["cn2t", "cn", "hk"],
} as const;

/** Name of a way of writing Chinese. */
export type ChineseForm = keyof typeof CHINESE_FORMS;

interface OpenCc {
  Converter(options: { readonly from: string; readonly to: string }): (text: string) => string;
}

const require = createRequire(import.meta.url);

/**
 * Step "chinese": brings Chinese texts to one way of writing with the data of OpenCC, longest words first: `後臺` becomes `后台`. Japanese texts, known by
 * their kana, are left alone, as is fenced code.
 * @throws MissingConversionError when the package `opencc-js` is not installed beside this one
 */
export function chineseConverter(form: ChineseForm): (text: string) => string {
  const [tables, from, to] = CHINESE_FORMS[form];
  const convert = load(tables).Converter({ from, to });
  return (text) =>
    /\p{Script=Han}/u.test(text) && !/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text)
      ? mapProse(text, convert)
      : text;
}

/** Seven megabytes on disk, which only those pay who ask for this step. */
function load(tables: string): OpenCc {
  try {
    return require(`opencc-js/${tables}`) as OpenCc;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw cause;
    throw new MissingConversionError("opencc-js", { cause });
  }
}
