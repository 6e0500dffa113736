import { describe, expect, it } from "vitest";
import { forSeeds, type SeededRandom } from "../../testing/seeded-random.js";
import { CLEANING_STEPS, RowCleaner, type CleaningOptions, type Row, type StepChoice } from "../index.js";

const place = { file: "a.jsonl", line: 1 };
const pair = (input: string, output: string): Row => ({ kind: "pair", input, output, fields: {} });

/** The output of a pair after some steps, or why it is rejected. */
function after(steps: readonly StepChoice[], output: string): string {
  const outcome = new RowCleaner({ steps }).clean(pair("问", output), place);
  if ("reason" in outcome) return `${outcome.rule}: ${outcome.reason}`;
  return outcome.row.kind === "pair" ? outcome.row.output : "";
}

describe("mojibake", () => {
  const readAsGbk = (text: string): string => new TextDecoder("gbk").decode(Buffer.from(text));

  /** Bytes 0x80 to 0x9f as Unicode's own table of Windows-1252 has them; Node decodes them as Latin-1. */
  const WINDOWS = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";
  const readAsWindows = (text: string): string =>
    [...Buffer.from(text)]
      .map((byte) => (byte >= 0x80 && byte < 0xa0 ? WINDOWS[byte - 0x80] : String.fromCharCode(byte)))
      .join("");
  const latin = (text: string): string => Buffer.from(text).toString("latin1");

  it.each([
    "你好，请问有什么可以帮您？",
    "Où êtes-vous à l'été ?",
    "“quoted” – it’s",
    "价格：３８元／人 😀",
    "Привет, мир",
  ])("repairs %s that was read as Windows-1252, and Latin-1 once or twice", (text) => {
    const once = readAsWindows(text);
    expect(once).not.toBe(text);
    expect(after(["mojibake"], once)).toBe(text);
    expect(after(["mojibake"], latin(text))).toBe(text);
    expect(after(["mojibake"], latin(latin(text)))).toBe(text);
  });

  it("repairs what was read as Latin-1, control characters and all", () => {
    expect(after(["mojibake"], latin("请问怎么退款？"))).toBe("请问怎么退款？");
  });

  it.each(["你好，你们好", "您能退款吗？你是谁", "这砂糖怎么卖"])(
    "repairs %s where a byte A0 has become a space",
    (text) => {
      const spaced = readAsWindows(text).replaceAll("\u00a0", " ");
      expect(spaced).toContain(" ");
      expect(after(["mojibake"], spaced)).toBe(text);
    },
  );

  it("repairs Chinese of GBK that was read as Latin-1, and UTF-8 that was read as GBK", () => {
    expect(after(["mojibake"], "ÄãºÃ")).toBe("你好");
    expect(after(["mojibake"], readAsGbk("你好！请问订单什么时候能发货"))).toBe(
      "你好！请问订单什么时候能发货",
    );
    expect(after(["mojibake"], "浣犲ソ")).toBe("你好");
  });

  it.each([
    "Ça va très bien, “n’est-ce pas” ? Noël à Nîmes… né »",
    "né\u00a0» 25 °C ± 3 µm, ½ £ § ©",
    "São João, coração, AÇÃO – Ã — Â",
    "« né » «à Nîmes» à ½ prix, é» «ü",
    "联通 移动 你好，今天天气怎么样？",
    "浣熊在河边浣洗，犄角尖尖",
    "繁體中文也不變：後臺、憂鬱的臺灣烏龜",
    "かな、カナ、漢字",
    "Đây là tiếng Việt",
  ])("leaves %s", (text) => {
    expect(after(["mojibake"], text)).toBe(text);
  });

  it("rejects rows that lost characters", () => {
    expect(after(["mojibake"], "你\ufffd")).toMatch(/^mojibake: characters were lost/);
    expect(after(["mojibake"], "锟斤拷锟斤拷")).toMatch(/^mojibake: characters were lost/);
  });
});

describe("html", () => {
  it.each([
    ["<p>你好</p><p>再见</p>", "你好\n再见\n"],
    ["a<br>b<br/>c", "a\nb\nc"],
    ["AT&amp;T &lt;3 &#20320;&nbsp;x", "AT&T <3 你\u00a0x"],
    ["<b>粗</b><i>斜</i>", "粗斜"],
    ["<script>alert(1)</script>x<style>p{}</style><!-- c -->y", "xy"],
    ["<ul><li>一</li><li>二</li></ul>", "一\n二\n"],
    ['<a href="http://a.b/?c=1">link</a>', "link"],
    [
      "<think>\nwhy\n</think>\n\nso <｜User｜> a < b > c <3",
      "<think>\nwhy\n</think>\n\nso <｜User｜> a < b > c <3",
    ],
    ["```html\n<p>&amp;</p>\n```", "```html\n<p>&amp;</p>\n```"],
    ["if a <b then", "if a <b then"],
    ["a<p>b <b", "a\nb <b"],
    ["if (a<b && c>d) x &foo; y&z", "if (a<b && c>d) x &foo; y&z"],
  ])("reads %j as %j", (html, text) => {
    expect(after(["html"], html)).toBe(text);
  });
});

describe("urls", () => {
  it.each([
    ["请看https://a.com/b?c=d，谢谢", "请看[链接]，谢谢"],
    ["See http://a.b/c. Or www.x.org!", "See [URL]. Or [URL]!"],
    ["no urls: a.b, 3://4", "no urls: a.b, 3://4"],
  ])("makes %j %j", (text, expected) => {
    expect(after(["urls"], text)).toBe(expected);
  });

  it("takes a replacement", () => {
    expect(after([{ step: "urls", replacement: "" }], "x https://a.b y")).toBe("x  y");
  });
});

describe("markup", () => {
  it.each([
    ["# 标题\n**粗** *斜* ~~删~~ `码`", "标题\n粗 斜 删 码"],
    ["[官网](https://a.b) ![图](x.png)", "官网 图"],
    ["> 引\n>> 用\n* 甲\n+ 乙\n- 丙\n1. 丁", "引\n用\n- 甲\n- 乙\n- 丙\n1. 丁"],
    ["a\n\n---\n\nb", "a\n\n\nb"],
    ["2*3*4, snake_case_name, 5 * 6 * 7, __init__", "2*3*4, snake_case_name, 5 * 6 * 7, init"],
    ["```\n# x **y**\n```", "```\n# x **y**\n```"],
  ])("makes %j %j", (text, expected) => {
    expect(after(["markup"], text)).toBe(expected);
  });
});

describe("speaker-prefixes", () => {
  it.each([
    ["客服：您好", "您好"],
    ["【客服03】 10:32: 您好", "您好"],
    ["Customer: hi", "hi"],
    ["[Agent]: hi", "hi"],
    ["客服电话：123", "客服电话：123"],
    ["用户：在吗\n客服：在的", "用户：在吗\n客服：在的"],
  ])("makes %j %j", (text, expected) => {
    expect(after(["speaker-prefixes"], text)).toBe(expected);
  });

  it("takes other names, to the letter", () => {
    expect(after([{ step: "speaker-prefixes", speakers: ["A.*"] }], "A.*：b")).toBe("b");
    expect(after([{ step: "speaker-prefixes", speakers: ["A.*"] }], "Axx：b")).toBe("Axx：b");
  });
});

describe("repeated-characters", () => {
  it.each([
    ["哈哈哈哈哈哈！！！！！", "哈哈哈！！！"],
    ["soooooo good 👍👍👍👍👍", "sooo good 👍👍👍"],
    ["10000000 元 ----- ===== .....", "10000000 元 ----- ===== ....."],
  ])("makes %j %j", (text, expected) => {
    expect(after(["repeated-characters"], text)).toBe(expected);
  });
});

describe("chinese", () => {
  it("converts by words, on request only", () => {
    expect(after(["chinese"], "後臺的頭髮乾了，皇后")).toBe("后台的头发干了，皇后");
    expect(after([{ step: "chinese", to: "traditional" }], "皇后的头发，后台")).toBe("皇后的頭髮，後臺");
    expect(after([{ step: "chinese", to: "taiwan" }], "软件")).toBe("軟體");
    expect(after(["chinese"], "これは漢字です")).toBe("これは漢字です");
    expect(after([], "後臺")).toBe("後臺");
  });
});

describe("language", () => {
  it("rejects rows of other scripts", () => {
    const chinese: StepChoice = { step: "language", scripts: ["zh"], share: 0.6 };
    expect(after([chinese], "你好，今天 iPhone 多少钱")).toBe("你好，今天 iPhone 多少钱");
    expect(after([chinese], "this is an English text of many words")).toBe(
      "language: 11 % of the words are written in zh, fewer than 60 %",
    );
    expect(after([chinese], "123")).toBe("123");
  });
});

describe("boilerplate", () => {
  const rows = Array.from({ length: 6 }, (_, index) =>
    pair(`问题${index}`, `您好，很高兴为您服务！答案${index}。祝您生活愉快。`),
  );

  it("takes out sentences of many rows, once they were surveyed", () => {
    const cleaner = new RowCleaner({ steps: [{ step: "boilerplate", rows: 6 }] });
    expect(cleaner.needsSurvey).toBe(true);
    for (const row of rows) cleaner.survey(row, place);
    expect(rows.map((row) => cleaner.clean(row, place))).toEqual(
      rows.map((_, index) => ({ row: pair(`问题${index}`, `答案${index}。`) })),
    );
    expect(cleaner.report().counts).toEqual({ boilerplate: 6, "personal-data": 0 });
    expect(cleaner.clean(pair("问", "祝您生活愉快。"), place)).toEqual({
      rule: "boilerplate",
      reason: "nothing but boilerplate is said",
    });
  });

  it("counts distinct rows, and leaves what is short or too seldom", () => {
    const cleaner = new RowCleaner({ steps: [{ step: "boilerplate", rows: 7 }] });
    for (const row of [...rows, ...rows]) cleaner.survey(row, place);
    expect(cleaner.clean(rows[0], place)).toEqual({ row: rows[0] });
  });

  it("keeps a turn that says nothing else", () => {
    const cleaner = new RowCleaner({ steps: [{ step: "boilerplate", rows: 6 }] });
    for (const row of rows) cleaner.survey(row, place);
    const messages = [
      { role: "user", content: "在吗" },
      { role: "assistant", content: "您好，很高兴为您服务！" },
    ] as const;
    const dialogue: Row = { kind: "messages", messages, fields: {} };
    expect(cleaner.clean(dialogue, place)).toEqual({ row: dialogue });
  });
});

describe("steps of one's own", () => {
  it("run where they are listed, once a row, and are counted by their name", () => {
    const shout = (row: Row): Row => (row.kind === "pair" ? { ...row, output: `${row.output}!` } : row);
    const cleaner = new RowCleaner({
      steps: [
        "white-space",
        shout,
        {
          name: "no-secrets",
          apply: (row) => (JSON.stringify(row).includes("secret") ? { reject: "a secret" } : row),
        },
      ],
    });
    expect(cleaner.clean(pair("a", " b "), place)).toEqual({ row: pair("a", "b!") });
    expect(cleaner.clean(pair("a", "secret"), place)).toEqual({ rule: "no-secrets", reason: "a secret" });
    expect(cleaner.report().counts).toEqual({
      "white-space": 1,
      shout: 2,
      "no-secrets": 1,
      "personal-data": 0,
    });
  });

  it.each<[CleaningOptions, string]>([
    [{ steps: ["nfkc" as "unicode"] }, "cleaning.steps: expected names out of mojibake, line-ends"],
    [{ steps: ["unicode", "unicode"] }, 'cleaning.steps: expected every step once, got "unicode"'],
    [{ steps: [() => ({ reject: "" })] }, 'got "a function without a name"'],
    [{ steps: [{ name: "unicode", apply: (row) => row }] }, "expected a name of its own"],
    [{ steps: [{ step: "unicode", form: "nfc" } as never] }, 'expected no settings for unicode, got "form"'],
    [
      { steps: [{ step: "language", share: 2 }] },
      "cleaning.steps.language.share: expected a share from 0 to 1, got 2",
    ],
    [{ steps: [{ step: "language", scripts: ["fr" as "zh"] }] }, "cleaning.steps.language.scripts"],
    [{ steps: [{ step: "boilerplate", rows: 1 }] }, "cleaning.steps.boilerplate.rows"],
    [{ steps: [{ step: "chinese", to: "hant" as "taiwan" }] }, "cleaning.steps.chinese.to"],
    [{ steps: [{ step: "repeated-characters", most: 0 }] }, "cleaning.steps.repeated-characters.most"],
  ])("and their options are checked: %j", (options, message) => {
    expect(() => new RowCleaner(options)).toThrow(message);
  });
});

describe("cleaning twice", () => {
  const PARTS = [
    ..."ab 0１Ａ，。！？：\n\t哈好😀<>&;*_`~#[]()|-=\\/\u200b\u00a0\u0085éÃ©ä½\u00a0å¥½浣犲ソ後臺",
    ..."用户： 客服: Customer: &amp; &lt; &amp;lt; <p> </p> <br> <think> <b <script> </script> 13812345678 １３８-1234-5678 a@b.com 我叫王芳， [电话1] <!-- --> https://a.b www. ** __ ```\n [x](y) 哈哈哈哈 Ã¤ \ufffd 您好，很高兴为您服务！ 祝您生活愉快。".split(
      " ",
    ),
  ];
  const text = (random: SeededRandom): string => random.text(PARTS, 16);

  /** Everything is on; the row is kept whatever its script. */
  const steps = CLEANING_STEPS.map((step): StepChoice =>
    step === "boilerplate" ? { step, rows: 3 } : step === "language" ? { step, share: 0 } : step,
  );

  const row = (random: SeededRandom): Row =>
    random.next() < 0.5
      ? pair(text(random), text(random))
      : {
          kind: "messages",
          messages: [
            { role: "user", content: text(random) },
            { role: "assistant", content: text(random), reasoning_content: text(random) },
          ],
          fields: {},
        };

  const cleanAll = (rows: readonly Row[]): Row[] => {
    const cleaner = new RowCleaner({ steps });
    for (const one of rows) cleaner.survey(one, place);
    return rows.flatMap((one) => {
      const outcome = cleaner.clean(one, place);
      return "row" in outcome ? [outcome.row] : [];
    });
  };

  it("changes nothing, with every step on", () => {
    forSeeds(150, (random) => {
      const once = cleanAll(Array.from({ length: 20 }, () => row(random)));
      expect(once.length).toBeGreaterThan(0);
      expect(cleanAll(once)).toEqual(once);
    });
  });

  it("changes nothing, with the steps on texts in any order", () => {
    // A check that stands before a step sees what that step has yet to change: these are kept apart.
    const checks: readonly string[] = ["empty", "too-short", "too-long", "language", "duplicate"];
    forSeeds(200, (random) => {
      const order = random.shuffle(CLEANING_STEPS.filter((step) => !checks.includes(step))).slice(0, 6);
      const run = (one: Row): Row | null => {
        const outcome = new RowCleaner({ steps: order }).clean(one, place);
        return "row" in outcome ? outcome.row : null;
      };
      const once = run(row(random));
      if (once !== null) expect(run(once), order.join(",")).toEqual(once);
    });
  });
});
