import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { encodeText } from "../../testing/encode-text.js";
import { decodeText } from "./decode-text.js";
import { chineseConverter } from "../clean/chinese.js";
import { encodingOf, type TextEncoding } from "./text-encoding.js";

/** Questions and answers of CrossWOZ, with what is ASCII taken out. */
const chinese = readFileSync(
  fileURLToPath(new URL("../../fixtures/crosswoz-pairs.jsonl", import.meta.url)),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => Object.values(JSON.parse(line) as Record<string, unknown>).join(""))
  .map((text) => text.replaceAll(/[\0-\x7f]/g, ""))
  .filter((text) => text.length >= 20);
const traditional = chineseConverter("traditional");

/** How texts that are written in an encoding are read: as many as are right, as are reported as faulty, and the others. */
function outcomes(
  texts: readonly string[],
  encoding: TextEncoding,
): Record<"right" | "faulty", number> & { wrong: string[] } {
  const found = { right: 0, faulty: 0, wrong: [] as string[] };
  for (const text of texts) {
    const told = encodingOf(encodeText(`{"text":"${text}"}\n`, encoding), true);
    if (told === encoding) found.right += 1;
    else if (told === "utf-8") found.faulty += 1;
    else found.wrong.push(`${text} as ${told}`);
  }
  return found;
}

function written(texts: readonly string[], encoding: TextEncoding, characters: number): string[] {
  return texts
    .map((text) => Array.from(text).slice(0, characters).join(""))
    .filter((text) => {
      try {
        return encodeText(text, encoding).length > 0;
      } catch {
        return false;
      }
    });
}

describe("encodingOf", () => {
  it.each([
    ["gb18030", "simplified", chinese],
    ["gb18030", "traditional", chinese.map(traditional)],
    ["big5", "traditional", chinese.map(traditional)],
  ] as const)("tells %s of %s Chinese, down to three characters", (encoding, _form, texts) => {
    for (const characters of [3, 4, 6, 10, 20]) {
      const sample = written(texts, encoding, characters);
      expect(sample.length).toBeGreaterThan(30);
      const { right, wrong } = outcomes(sample, encoding);
      expect(wrong).toEqual([]);
      expect(right / sample.length, `${characters} characters`).toBeGreaterThan(0.9);
    }
  });

  it("reads all of a file by what most of its lines say", () => {
    for (const [encoding, texts] of [
      ["gb18030", chinese],
      ["big5", chinese.map(traditional)],
    ] as const) {
      const lines = written(texts, encoding, 20).map((text) => `${text}\n`);
      expect(encodingOf(encodeText(lines.join(""), encoding), true)).toBe(encoding);
    }
  });

  // By iconv of glibc 2.36.
  it.each([
    ["gb18030", "您好，请问几点开门？", "c4fabac3a3acc7ebcecabcb8b5e3bfaac3c5a3bf"],
    ["gb18030", "营业时", "d3aad2b5cab1"],
    ["big5", "您好，請問幾點開門？", "b17aa66ea141bdd0b0ddb458c249b67daaf9a148"],
    [
      "shift_jis",
      "こんにちは、開店は何時ですか。",
      "82b182f182c982bf82cd81418a4a935882cd89bd8e9e82c582b782a98142",
    ],
    [
      "euc-jp",
      "こんにちは、開店は何時ですか。",
      "a4b3a4f3a4cba4c1a4cfa1a2b3abc5b9a4cfb2bfbbfea4c7a4b9a4aba1a3",
    ],
    ["euc-kr", "안녕하세요, 문의드립니다", "bec8b3e7c7cfbcbcbfe42c20b9aec0c7b5e5b8b3b4cfb4d9"],
    [
      "windows-1252",
      "It’s £5 at the café – thanks",
      "4974927320a3352061742074686520636166e92096207468616e6b73",
    ],
  ] as const)("tells %s of %s, and reads it byte by byte", async (encoding, text, hex) => {
    const bytes = Buffer.from(hex, "hex");
    expect(encodingOf(bytes, true)).toBe(encoding);
    const { chunks } = await decodeText(Readable.from(Array.from(bytes, (byte) => Buffer.of(byte))));
    const read: Buffer[] = [];
    for await (const chunk of chunks) read.push(chunk);
    expect(Buffer.concat(read).toString("utf8")).toBe(text);
  });

  it.each([
    ["Cyrillic of Windows", "windows-1251", "Здравствуйте, когда вы открыты?"],
    ["Greek", "windows-1253", "Καλημέρα, τι ώρα ανοίγετε;"],
    ["Czech", "windows-1250", "Děkuji, kdy máte otevřeno? Žluťoučký kůň"],
    ["Polish", "windows-1250", "Dziękuję, kiedy jesteście otwarci? Źródło"],
    ["Thai", "windows-874", "สวัสดีครับ เปิดกี่โมง"],
    ["Arabic", "windows-1256", "مرحبا متى تفتحون"],
  ])("takes what it does not know for UTF-8 with faults: %s", (_name, encoding, text) => {
    const bytes = encodeText(text, encoding);
    expect(encodingOf(bytes, true)).toBe("utf-8");
  });

  it("leaves UTF-8 be, whatever it says", () => {
    for (const text of [
      ...chinese,
      ...chinese.map(traditional),
      "café",
      "·",
      "Привет",
      "Ελληνικά",
      "שלום",
      "مرحبا",
      "naïve – “q”",
      "Ünal Şahin ığdır",
      "tiếng Việt",
    ])
      for (const length of [1, 2, 3, 5, 400]) {
        expect(encodingOf(Buffer.from(Array.from(text).slice(0, length).join("")), true), text).toBe("utf-8");
      }
  });

  it("takes UTF-8 that was cut or damaged for no other", () => {
    for (const text of chinese.slice(0, 50)) {
      const bytes = Buffer.from(text);
      for (const cut of [1, 2, 3, 4, 5, 7, 8]) {
        expect(encodingOf(bytes.subarray(cut, 30), true), text).toBe("utf-8");
        expect(encodingOf(Buffer.concat([bytes.subarray(0, cut), bytes.subarray(cut + 1)]), true), text).toBe(
          "utf-8",
        );
      }
    }
  });
});
