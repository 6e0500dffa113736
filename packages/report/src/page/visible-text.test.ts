import { expect, it } from "vitest";
import { visibleText } from "./visible-text.js";

it("leaves what shows itself as it is", () => {
  const text = 'Plain <b>text</b> & "quotes",\n\ttabs, 中文, عربي, 👩‍👩‍👧 and é';
  expect(visibleText(text)).toBe(text);
  expect(visibleText("a\r\nb")).toBe("a\nb");
});

it("names what would act", () => {
  expect(visibleText("a\u202eb\u2066c\u200fd")).toBe("a⟦U+202E⟧b⟦U+2066⟧c⟦U+200F⟧d");
  expect(visibleText("a\u0000\u001b[31m\u0085")).toBe("a⟦U+0000⟧⟦U+001B⟧[31m⟦U+0085⟧");
  expect(visibleText("\ud800x\udc00")).toBe("⟦U+D800⟧x⟦U+DC00⟧");
});
