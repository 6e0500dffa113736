import type { EncodingEvidence } from "./encoding-evidence.js";

/**
 * Where bytes beyond ASCII of English text stand, in the code page of Windows for western Europe: curly quotes, dashes and signs where they
 * are written, and letters such as é and ü within words. Only characters that the code pages for central Europe and Turkey
 * have at the same bytes are here, since nothing tells a file of one from one of another.
 */
const IN_PLACE =
  /(?<=\w)’|[‘“](?=[\w£€$])|(?<=[\w.,!?…%)])[’”]|(?<=[\w\s.,;:!?)”’])[–—…•](?![^\0-\x7f])|[£€](?=\s?\d)|(?<=\d\s?)[€°]|(?<=[a-z\d])[®™]|©(?=\s?[\w(])|(?<=[\w\s.,;:!?])\u00a0|(?<=[A-Za-z])[áâäçéëíîóôöúüß](?![^\0-\x7f])|(?<![^\0-\x7f])[ÁÄÉÍÓÖÚÜáäéíóöúü](?=[A-Za-z])/g;

const LEAST_IN_PLACE = 0.9;

/** Characters of the bytes 80 to 9F; Node.js 20 reads them as the control characters of Latin-1. */
const SIGNS = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

/** Text of the code page. */
export function decodeWindows1252(bytes: Buffer): string {
  return bytes
    .toString("latin1")
    .replaceAll(/[\u0080-\u009f]/g, (control) => SIGNS[control.charCodeAt(0) - 0x80]);
}

/** How many characters beyond ASCII are where English text has them, were it written in Windows-1252. */
export function windows1252Evidence(lines: Buffer): EncodingEvidence {
  const text = decodeWindows1252(lines);
  const characters = text.match(/[^\0-\x7f]/g)?.length ?? 0;
  const telling = text.match(IN_PLACE)?.length ?? 0;
  // Many that stand elsewhere make the whole doubtful: it is some other code page, or damage.
  return { characters, telling: telling >= LEAST_IN_PLACE * characters ? telling : 0 };
}
