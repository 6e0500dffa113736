/** What became of a text that may have been decoded in the wrong encoding. */
export type MojibakeOutcome = { readonly text: string } | { readonly lost: string };

/**
 * Step "mojibake": repairs texts that were decoded in the wrong encoding, as ftfy does: UTF-8 read as Latin-1 or Windows-1252 (`Ã©`, `ä½\u00a0å¥½`), GBK read
 * as either (`ÄãºÃ`), UTF-8 read as GBK (`浣犲ソ`). A repair is made only where the bytes are sound in the right encoding and what comes out is likelier
 * than what was there.
 *
 * @returns the text, or what shows that characters of it are lost for good: U+FFFD, or `锟斤拷`, which is what GBK makes of it
 */
export function repairMojibake(text: string): MojibakeOutcome {
  const repaired = hasHighLatin(text) ? repairLatin(withBlankBytes(text)) : text;
  const whole = GBK_SUSPECT.test(repaired) ? repairGbk(repaired) : repaired;
  const lost = /\ufffd|锟斤拷/.exec(whole);
  return lost === null ? { text: whole } : { lost: lost[0] };
}

/** Characters of the bytes 0x80 to 0x9f in Windows-1252; the five it leaves free are control characters, as in Latin-1. */
const WINDOWS_1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

const BYTE_OF = new Map([...WINDOWS_1252].map((character, index) => [character.charCodeAt(0), 0x80 + index]));
const HIGH_LATIN = new RegExp(`[\\u0080-\\u00ff${WINDOWS_1252}]{2,}`, "g");
const UTF8 = new TextDecoder("utf-8", { fatal: true });
const HAN_RUN = /^[\p{Script=Han}，。！？、：；“”‘’（）《》…—\u3000]+$/u;

/** What a single character of UTF-8 gives and ordinary texts do not hold: control characters of Latin-1, or one of the marks that follow `Ã`, `â€`, `ðŸ`. */
const TELLING = /[\u0080-\u0084\u0086-\u009f]|^(?:[ÃÂ][\u00a0-\u00bf€-™Œ-žƒˆ˜]|â€|ï¼|ã€|ðŸ)/;

function hasHighLatin(text: string): boolean {
  return text.search(HIGH_LATIN) >= 0;
}

/**
 * The byte A0, which is a no-break space in Latin-1 and the end of `你`, has become a plain space in many a text. It is one again where it
 * ends, or stands within, a character of Chinese.
 */
const LOST_BYTE = new RegExp(
  `([á-ï][\\u0080-\\u00bf${WINDOWS_1252}]) (?=[\\u0080-\\u00ff${WINDOWS_1252}]{2})|([á-ï]) (?=[\\u0080-\\u00bf${WINDOWS_1252}])`,
  "g",
);

function withBlankBytes(text: string): string {
  const restored = text.replace(LOST_BYTE, (found: string, ended?: string) => {
    const bytes = ended === undefined ? [byteOf(found[0]), 0xa0, 0x80] : [...Array.from(ended, byteOf), 0xa0];
    const isHan = sequenceLength(Uint8Array.from(bytes), 0) === 3 && /\p{Script=Han}/u.test(decoded(bytes));
    return isHan ? found.replace(" ", "\u00a0") : found;
  });
  // What is no such text keeps its spaces.
  return restored === text || repairLatin(restored) === restored ? text : restored;
}

const decoded = (bytes: readonly number[]): string => UTF8.decode(Uint8Array.from(bytes));

function repairLatin(text: string): string {
  return text.replace(HIGH_LATIN, (run) => {
    const bytes = Uint8Array.from(run, byteOf);
    return repairAsUtf8(run, bytes) ?? repairAsGbk(bytes) ?? run;
  });
}

function byteOf(character: string): number {
  const code = character.charCodeAt(0);
  return BYTE_OF.get(code) ?? code;
}

/** Repairs the stretches of a run that are UTF-8, where they are long enough, or telling enough, to be no accident. */
function repairAsUtf8(run: string, bytes: Uint8Array): string | null {
  let repaired = "";
  let at = 0;
  let changed = false;
  while (at < bytes.length) {
    let end = at;
    let characters = 0;
    for (let length = sequenceLength(bytes, end); length > 0; length = sequenceLength(bytes, end)) {
      end += length;
      characters += 1;
    }
    const source = run.slice(at, end);
    if (characters >= 2 || (characters === 1 && TELLING.test(source))) {
      repaired += UTF8.decode(bytes.subarray(at, end));
      changed = true;
      at = end;
    } else {
      end = Math.max(end, at + 1);
      repaired += run.slice(at, end);
      at = end;
    }
  }
  return changed ? repaired : null;
}

/** Bytes of the UTF-8 sequence of two to four bytes that begins here; 0 where none does. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at];
  const length =
    lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  for (let index = at + 1; index < at + length; index++) {
    if ((bytes[index] & 0xc0) !== 0x80) return 0;
  }
  const second = bytes[at + 1];
  const isOdd =
    (lead === 0xe0 && second < 0xa0) ||
    (lead === 0xed && second >= 0xa0) ||
    (lead === 0xf0 && second < 0x90) ||
    (lead === 0xf4 && second >= 0x90);
  return isOdd ? 0 : length;
}

/** Chinese of GB2312 that was read as Latin letters: at least two characters, all of them common ones. */
function repairAsGbk(bytes: Uint8Array): string | null {
  if (bytes.length % 2 !== 0 || bytes.length < 4) return null;
  const isCommon = bytes.every((byte) => byte >= 0xa1 && byte !== 0xff);
  if (!isCommon) return null;
  const text = gbk().decoder.decode(bytes);
  return HAN_RUN.test(text) && commonShare(text) >= 0.8 ? text : null;
}

/** Characters that UTF-8 read as GBK is full of, and Chinese texts hardly hold: the second half of the table. */
const GBK_SUSPECT = /[\u3400-\u9fff\ue000-\uf8ff€]{2}/;
const GBK_RUN = /[^\p{ASCII}]{3,}/gu;

interface GbkTables {
  readonly decoder: { decode(bytes: Uint8Array): string };
  /** Two bytes by character, as a number. */
  readonly bytesOf: ReadonlyMap<string, number>;
}

let gbkTables: GbkTables | undefined;

function gbk(): GbkTables {
  if (gbkTables !== undefined) return gbkTables;
  const decoder = new TextDecoder("gbk");
  const bytesOf = new Map<string, number>();
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      const character = trail === 0x7f ? "" : decoder.decode(Uint8Array.of(lead, trail));
      if (character.length === 1 && character !== "\ufffd") bytesOf.set(character, lead * 256 + trail);
    }
  }
  gbkTables = { decoder, bytesOf };
  return gbkTables;
}

/** The share of a text's characters that are on GB2312's first level: 3,755 that make up nearly all of what is written. */
function commonShare(text: string): number {
  const { bytesOf } = gbk();
  let han = 0;
  let common = 0;
  for (const character of text) {
    const code = bytesOf.get(character) ?? 0;
    if (!/\p{Script=Han}/u.test(character)) continue;
    han += 1;
    if (code >= 0xb0a1 && code <= 0xd7f9 && (code & 0xff) >= 0xa1) common += 1;
  }
  return han === 0 ? 0 : common / han;
}

/** Whether two bytes of GBK may begin UTF-8; those of Chinese hardly ever do. */
const mayBeginUtf8 = (code: number): boolean => code >= 0xc280 && code <= 0xf4bf && (code & 0xc0) === 0x80;

/** The bytes of a text in GBK; null where it has none for a character, or where they are no UTF-8. */
function gbkBytesOfUtf8(text: string): Uint8Array | null {
  const { bytesOf } = gbk();
  const bytes = new Uint8Array(text.length * 2);
  let length = 0;
  let checked = 0;
  for (const character of text) {
    const code = character === "€" ? 0x80 : bytesOf.get(character);
    if (code === undefined) return null;
    if (code > 0xff) bytes[length++] = code >> 8;
    bytes[length++] = code & 0xff;
    // Checked as they come, as the first few of most texts are none; a sequence has four bytes at most.
    while (checked + 4 <= length) {
      const step = sequenceLength(bytes, checked);
      if (step === 0) return null;
      checked += step;
    }
  }
  const encoded = bytes.subarray(0, length);
  while (checked < length) {
    const step = sequenceLength(encoded, checked);
    if (step === 0) return null;
    checked += step;
  }
  return encoded;
}

function repairGbk(text: string): string {
  return text.replace(GBK_RUN, (run) => {
    if (!mayBeginUtf8(gbk().bytesOf.get(run[0]) ?? 0)) return run;
    const encoded = gbkBytesOfUtf8(run);
    if (encoded === null) return run;
    const repaired = UTF8.decode(encoded);
    return HAN_RUN.test(repaired) && commonShare(repaired) > commonShare(run) && commonShare(repaired) >= 0.8
      ? repaired
      : run;
  });
}
