import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { PERSONAL_DATA_KINDS } from "@lathe/data";
import { type Phrase, sayPhrase } from "@lathe/files";
import { prepareRows } from "../prepare-rows.js";
import { zh } from "../zh.js";
import { kindNames, tellPrepared } from "./tell-prepared.js";

const rows = [
  { question: "1 + 1?", answer: 2 },
  { question: "怎么联系你？", answer: "打13812345678，或者写信到 a@example.com。" },
  { question: "在吗？", answer: ["在"] },
  "no row",
  { question: "几点开门？", answer: "九点。" },
  { question: "有停车场吗？", answer: "有，免费。" },
];

const isPhrase = (value: unknown): value is Phrase =>
  typeof value === "object" && value !== null && "template" in value;

/** What is told of these rows, as texts in English. */
async function told(action: "mask" | "keep"): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "lathe-told-"));
  try {
    const file = join(folder, "rows.jsonl");
    writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const prepared = await prepareRows({
      data: [file],
      output: join(folder, "prepared"),
      rejectLimit: 1,
      cleaning: { personalData: { action } },
    });
    const shown = JSON.stringify(tellPrepared(prepared, action), (_key, value: unknown) =>
      isPhrase(value) ? sayPhrase(value) : value,
    );
    return (JSON.parse(shown) as unknown[]).map((part) => JSON.stringify(part).replaceAll(folder, ""));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it("says which personal data was masked, by the names that people have for them, and which rows are none", async () => {
  const parts = (await told("mask")).join("\n");
  expect(parts).toContain("personal data masked");
  expect(parts).toContain('["phone numbers",1]');
  expect(parts).toContain('["e-mail addresses",1]');
  expect(parts).toContain("2 rows cannot be used and are set aside");
  expect(parts).toContain('/rows.jsonl:3  {\\"question\\":\\"在吗？\\",\\"answer\\":[\\"在\\"]}');
  expect(parts).toContain("/rows.jsonl:4  no row");
});

it("says that personal data was not looked for, and counts none then", async () => {
  const parts = (await told("keep")).join("\n");
  expect(parts).toContain("personal data not looked for");
  expect(parts).not.toContain("phone numbers");
  expect(parts).not.toContain('["all",0]');
});

it.each(Object.keys(PERSONAL_DATA_KINDS) as (keyof typeof PERSONAL_DATA_KINDS)[])(
  "has a Chinese name for %s",
  (kind) => {
    expect(sayPhrase(kindNames[kind], zh)).toMatch(/[一-龥]/);
  },
);
