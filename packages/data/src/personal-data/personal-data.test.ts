import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { forSeeds } from "../../testing/seeded-random.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import {
  findPersonalData,
  readPersonalDataKey,
  restorePersonalData,
  RowCleaner,
  type PersonalDataOptions,
  type Row,
} from "../index.js";

const place = { file: "a.jsonl", line: 1 };
const pair = (input: string, output: string, fields = {}): Row => ({ kind: "pair", input, output, fields });
const dialogue = (...contents: string[]): Row => ({
  kind: "messages",
  messages: contents.map((content, index) => ({ role: index % 2 === 0 ? "user" : "assistant", content })),
  fields: {},
});

function clean(row: Row, personalData: PersonalDataOptions = {}): Row {
  const outcome = new RowCleaner({ personalData }).clean(row, place);
  if ("reason" in outcome) throw new Error(outcome.reason);
  return outcome.row;
}

describe("masking", () => {
  it("gives the same datum the same placeholder in all turns, however it is written", () => {
    expect(
      clean(
        dialogue(
          "我的电话是13812345678，邮箱a@b.com",
          "好的，138-1234-5678对吗？",
          "对，或者打１３９８７６５４３２１",
          "记下了：+86 139 8765 4321 和 A@B.com",
        ),
      ),
    ).toEqual(
      dialogue(
        "我的电话是[电话1]，邮箱[邮箱1]",
        "好的，[电话1]对吗？",
        "对，或者打[电话2]",
        "记下了：[电话2] 和 [邮箱1]",
      ),
    );
  });

  it.each([
    ["电话是010-67389898,010-67383333,010-67201818。", "电话是[电话1],[电话2],[电话3]。"],
    ["打13812345678,13912345678.或13712345678，010-67201818", "打[电话1],[电话2].或[电话3]，[电话4]"],
    ["客服400-820-8820,010-67201818", "客服400-820-8820,[电话1]"],
    ["共1,234,567元，圆周率3.14159265358", "共1,234,567元，圆周率3.14159265358"],
  ])("finds all numbers of a list at once, in their order, and no parts of amounts: %s", (text, masked) => {
    expect(clean(pair(text, "好"))).toEqual(pair(masked, "好"));
    const numbers = masked.match(/\[/g)?.length ?? 0;
    expect(findPersonalData(text)).toHaveLength(numbers);
  });

  it("leaves no datum in an example of what masking did", () => {
    const cleaner = new RowCleaner({ personalData: {}, disable: ["duplicate"], examplesPerStep: 20 });
    for (const numbers of [
      ["010-67389898", "010-67383333"],
      ["13812345678", "a@b.com", "13912345678"],
    ]) {
      for (const separator of [",", ", ", "，", " ", "/", ";", "."]) {
        cleaner.clean(pair(`电话：${numbers.join(separator)}`, "好"), place);
      }
    }
    const examples = cleaner.report().examples["personal-data"].map((example) => JSON.stringify(example));
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(example).not.toMatch(/\d{4}|a@b/);
  });

  it("writes English placeholders in English rows", () => {
    expect(clean(pair("Call 415-555-2671", "Will call 415-555-2671 or mail a@b.com."))).toEqual(
      pair("Call [PHONE_1]", "Will call [PHONE_1] or mail [EMAIL_1]."),
    );
  });

  it("numbers anew in every row, but on within rows that name one dialogue", () => {
    const cleaner = new RowCleaner({ disable: ["duplicate"] });
    const masked = (phone: string, fields: Row["fields"]): unknown => {
      const outcome = cleaner.clean(pair(`打${phone}`, "好", fields), place);
      return "row" in outcome && outcome.row.kind === "pair" ? outcome.row.input : outcome;
    };
    expect(masked("13812345678", { dialogue: "a" })).toBe("打[电话1]");
    expect(masked("13912345678", { dialogue: "b" })).toBe("打[电话1]");
    expect(masked("13712345678", { dialogue: "a" })).toBe("打[电话2]");
    expect(masked("138-1234-5678", { dialogue: "a" })).toBe("打[电话1]");
    expect(masked("13612345678", {})).toBe("打[电话1]");
  });

  it("takes no placeholder that a text has already", () => {
    expect(clean(pair("[电话3]和13812345678", "好"))).toEqual(pair("[电话3]和[电话4]", "好"));
  });

  it("reaches reasoning, system texts and calls of tools, and leaves other fields", () => {
    const phone = "13812345678";
    const row: Row = {
      kind: "messages",
      messages: [
        { role: "system", content: `用户 ${phone}` },
        {
          role: "assistant",
          content: null,
          reasoning_content: `打 ${phone}`,
          tool_calls: [
            { type: "function", function: { name: "call", arguments: `{"phone":${phone},"n":2}` } },
            { type: "function", function: { name: "call", arguments: { phone } } },
          ],
        },
        { role: "tool", content: `{"ok":true,"phone":${phone}}` },
        { role: "assistant", content: "好的" },
      ],
      fields: { customer: phone },
    };
    expect(clean(row)).toEqual({
      kind: "messages",
      messages: [
        { role: "system", content: "用户 [电话1]" },
        {
          role: "assistant",
          content: null,
          reasoning_content: "打 [电话1]",
          tool_calls: [
            { type: "function", function: { name: "call", arguments: '{"phone":"[电话1]","n":2}' } },
            { type: "function", function: { name: "call", arguments: { phone: "[电话1]" } } },
          ],
        },
        { role: "tool", content: '{"ok":true,"phone":"[电话1]"}' },
        { role: "assistant", content: "好的" },
      ],
      fields: { customer: phone },
    });
  });

  it("keeps what is allowed, in any way of writing", () => {
    const allow = ["010 6978 1680", "hello@example.com"];
    expect(clean(pair("打（010）69781680或13812345678", "发Hello@example.com"), { allow })).toEqual(
      pair("打（010）69781680或[电话1]", "发Hello@example.com"),
    );
  });

  it("masks in what reports show", () => {
    const cleaner = new RowCleaner();
    cleaner.clean(pair("  打13812345678", "好"), place);
    cleaner.clean(pair("打13812345678", ""), place);
    const report = JSON.stringify(cleaner.report());
    expect(report).toContain("[电话1]");
    expect(report).not.toContain("138");
    expect(cleaner.hide({ input: ["13812345678", 13812345678, 5] })).toEqual({
      input: ["[电话1]", "[电话1]", 5],
    });
  });
});

describe("other actions", () => {
  const row = pair("打13812345678", "发a@b.com");
  it.each<[PersonalDataOptions["action"], object, number]>([
    ["drop", { rule: "personal-data", reason: "it holds personal data: phone, email" }, 1],
    ["report", { row }, 1],
    ["keep", { row }, 0],
  ])("%s", (action, outcome, count) => {
    const cleaner = new RowCleaner({ personalData: { action: action! } });
    expect(cleaner.clean(row, place)).toEqual(outcome);
    expect(cleaner.report().personalData).toMatchObject({ phone: count, email: count, plate: 0 });
  });

  it("are checked", () => {
    expect(() => new RowCleaner({ personalData: { action: "hide" as "mask" } })).toThrow(
      'cleaning.personalData.action: expected one of mask, drop, report, keep, got "hide"',
    );
    expect(() => new RowCleaner({ personalData: { key: new Uint8Array(3) } })).toThrow("expected 32 bytes");
    expect(() => new RowCleaner({ personalData: { action: "report", key: new Uint8Array(32) } })).toThrow(
      "only where personal data are masked",
    );
  });
});

describe("a key", () => {
  const row = dialogue("我是王芳，电话138 1234 5678", "王芳您好，138 1234 5678对吗", "对，发A@b.com", "好");

  it("undoes masking, and nothing else does", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "key");
    const key = await readPersonalDataKey(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await readPersonalDataKey(path)).toEqual(key);

    const masked = clean(row, { key });
    expect(JSON.stringify(masked)).not.toMatch(/138|王芳，|A@b/);
    expect(restorePersonalData(masked, key)).toEqual(row);
    const other = await readPersonalDataKey(join(folder, "other"));
    expect(() => restorePersonalData(masked, other)).toThrow("what does not open");
    const sealed = String(masked.fields["personal_data"]);
    const changed = (sealed.startsWith("A") ? "B" : "A") + sealed.slice(1);
    expect(() => restorePersonalData({ ...masked, fields: { personal_data: changed } }, key)).toThrow(
      "what does not open",
    );
    expect(restorePersonalData(row, key)).toBe(row);
  });

  it("changes nothing when a masked row is cleaned again", async () => {
    const key = await readPersonalDataKey(join(temporaryFolder(), "key"));
    const masked = clean(row, { key });
    expect(clean(masked, { key })).toEqual(masked);
    expect(clean(masked)).toEqual(masked);
  });

  it("is refused where it is none", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "text"), "hello");
    mkdirSync(join(folder, "dir"));
    await expect(readPersonalDataKey(join(folder, "text"))).rejects.toThrow("is no key for personal data");
    await expect(readPersonalDataKey(join(folder, "dir"))).rejects.toThrow(join(folder, "dir"));
    await expect(readPersonalDataKey(join(folder, "none", "key"))).rejects.toThrow("none");
  });
});

describe("finding", () => {
  const PARTS = [
    ..."0123456789-.+@() :，。元京AaXxEeG号路室单元我叫王芳先生一二三四°′１２",
    ..."138 1234 5678|a@b.com|订单号|微信：|QQ|110105|MA|GB82|192.168|我家住|IP|[电话1]|\n".split("|"),
  ];

  it("gives finds in order, without overlaps, and none in what is masked", () => {
    forSeeds(2000, (random) => {
      const text = random.text(PARTS, 40);
      let end = 0;
      for (const datum of findPersonalData(text)) {
        expect(datum.start).toBeGreaterThanOrEqual(end);
        expect(datum.end).toBeGreaterThan(datum.start);
        expect(datum.end).toBeLessThanOrEqual(text.length);
        end = datum.end;
      }
      const masked = clean(pair(`问${text}`, "好"));
      expect(clean(masked)).toEqual(masked);
    });
  });

  it("changes few of CrossWOZ's pairs beyond public numbers of telephones", () => {
    const path = new URL("../../fixtures/personal-data/crosswoz-sample.jsonl", import.meta.url);
    const rows = readFileSync(path, "utf8").trim().split("\n");
    expect(rows.length).toBeGreaterThanOrEqual(1000);
    const others = rows.filter((line) => {
      const { instruction, output } = JSON.parse(line) as { instruction: string; output: string };
      return [instruction, output].some((text) =>
        findPersonalData(text).some(({ kind }) => kind !== "phone"),
      );
    });
    expect(others.length, others.join("\n")).toBeLessThanOrEqual(0.005 * rows.length);
  });

  it.each([
    ["3600-1200=<<3600-1200=2400>>2400 bottles in the cellar", []],
    ["12500+21000-6300=<<12500+21000-6300=27200>>27200", []],
    ["6000-600-150-1200-2000=2050", []],
    ["150000-15000 = 135000, 预算15000-180000", []],
    ["during 2019-2020, tel 2019-2020", []],
    ["牠们的齿式是：上颚1-1.1.3.3；下颚1.1.3.3-3", []],
    ["10.0.0.1-10.0.0.9, 10.0.0.1-9", ["ip 10.0.0.1", "ip 10.0.0.9", "ip 10.0.0.1"]],
    ["第1.2.3.4节", []],
    ["4 2 0 1 0 6 1 9 6 6 1 1 2 7 8 4 6 6", ["identity-card 4 2 0 1 0 6 1 9 6 6 1 1 2 7 8 4 6 6"]],
    ["1 3 8 1 2 3 4 5 6 7 8 9 0 1 2", []],
    ["loss 2.854477, 3.919848", []],
    ["定位 9.0579, 7.4951", ["location 9.0579, 7.4951"]],
    [
      "Mrs. McPherson paid Dr. Manuj K. Nangia, Mr. André and Mr. O'Neill",
      ["name McPherson", "name Manuj K. Nangia", "name André", "name O'Neill"],
    ],
    ["《董小姐》很好听，找董小姐", ["name 董"]],
  ])("finds in %s what is someone's", (text, expected) => {
    const found = findPersonalData(text).map(({ kind, start, end }) => `${kind} ${text.slice(start, end)}`);
    expect(found).toEqual(expected);
  });

  it.each([
    "https://shop.example.com/item/13812345678.html",
    "看这个 http://news.example.cn/a/13912345678 吧",
    "www.example.com/p?id=13812345678&order=202611250093847",
    "见https://example.com/6222021234567894，谢谢",
    "https://example.com/qq/10001/5555555555554444",
  ])("finds no number in an address of the web: %s", (text) => {
    expect(findPersonalData(text)).toEqual([]);
  });

  it.each([
    "谢谢师傅",
    "多谢老师",
    "，向经理投诉",
    "祝老师节日快乐",
    "连医生都说没事",
    "老师傅手艺好",
    "任课老师是谁",
  ])("finds no name in what is said of somebody without one: %s", (text) => {
    expect(findPersonalData(text)).toEqual([]);
  });

  it.each([
    ["https://wa.me/8613812345678", ["8613812345678"]],
    ["https://example.com/call?phone=13812345678", ["13812345678"]],
    ["网址 https://example.com/1，电话13812345678", ["13812345678"]],
    ["13812345678 https://example.com/13912345678 13712345678", ["13812345678", "13712345678"]],
    ["https://example.com/u/zhang@example.com", ["zhang@example.com"]],
    ["http://203.0.113.7/13812345678", ["203.0.113.7"]],
  ])("finds what an address of the web says is somebody's, and what lies around it: %s", (text, expected) => {
    expect(findPersonalData(text).map(({ start, end }) => text.slice(start, end))).toEqual(expected);
  });

  // A pattern that looks at a character more than a bounded number of times takes minutes or hours for one of these.
  it.each([
    ["digits", "1".repeat(1_000_000)],
    ["digits with blanks", "1 ".repeat(500_000)],
    ["digits with dashes", "13-".repeat(330_000)],
    ["digits with points", "1.".repeat(500_000)],
    ["Chinese digits", "一".repeat(1_000_000)],
    ["signs of mail", "a@".repeat(500_000)],
    ["domains without end", `a@${"b.".repeat(500_000)}`],
    ["local parts", `${"a.".repeat(500_000)}@b`],
    ["colons", "1:".repeat(500_000)],
    ["hexadecimal digits", "abcdef12:".repeat(110_000)],
    ["words for orders", "订单号".repeat(330_000)],
    ["order numbers with dashes", `订单号${"1-".repeat(500_000)}`],
    ["words for WeChat", "微信".repeat(500_000)],
    ["words for homes", "我家住".repeat(330_000)],
    ["rooms", "1室".repeat(500_000)],
    ["titles", "王先生".repeat(330_000)],
    ["surnames", "王".repeat(1_000_000)],
    ["introductions", "我叫王".repeat(330_000)],
    ["lists of names", `我叫王伟${"、王伟".repeat(330_000)}`],
    ["roles", "客户王".repeat(330_000)],
    ["gifts", "给王伟".repeat(330_000)],
    ["words for parcels", "快递包裹".repeat(250_000)],
    ["parcels with numbers", "快递:1".repeat(250_000)],
    ["ways to send", "寄到路1".repeat(250_000)],
    ["blocks", "栋1001".repeat(200_000)],
    ["groups", "加群QQ".repeat(250_000)],
    ["English relatives", "my wife Aa ".repeat(90_000)],
    ["tracking words", "order number is ".repeat(62_000)],
    ["regards", "Regards,\n".repeat(110_000)],
    ["addresses of the web", "https://a.b/13812345678 ".repeat(40_000)],
    ["parts of one address of the web", `https://a.b/${"13812345678/".repeat(80_000)}`],
    ["English words", "Aa ".repeat(330_000)],
    ["English streets", "1 Aa ".repeat(200_000)],
    ["countries of accounts", "GB82 ".repeat(200_000)],
    ["plates", "京A1".repeat(330_000)],
    ["degrees", "1°1'".repeat(250_000)],
    ["letters", "a".repeat(1_000_000)],
    ["phones", "13812345678 ".repeat(80_000)],
    ["phones and mail", "13812345678a@b.com ".repeat(50_000)],
  ])(
    "takes time in proportion to a text of a megabyte of %s",
    (_name, text) => {
      let at = 0;
      for (const { start, end } of findPersonalData(text)) {
        if (start < at || end <= start) throw new Error(`a find from ${start} to ${end} behind ${at}`);
        at = end;
      }
      expect(at).toBeLessThanOrEqual(text.length);
    },
    120_000,
  );
});
