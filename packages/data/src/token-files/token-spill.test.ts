import { createHash } from "node:crypto";
import { join } from "node:path";
import { expect, it } from "vitest";
import { forSeeds } from "../../testing/seeded-random.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import type { TokenRow } from "./token-row.js";
import { TokenSpill } from "./token-spill.js";

it("gives rows back in their order, short ones, empty ones and ones that are longer than what is read at once", () => {
  forSeeds(5, (random) => {
    const path = join(temporaryFolder(), "tokens");
    const spill = new TokenSpill(path);
    const known: string[] = [];
    const told = ({ row, inputIds, labels, weight }: Required<TokenRow>): string =>
      [row, weight, inputIds.length, digestOf(inputIds), digestOf(labels)].join(" ");
    const longAt = random.integer(0, 100);
    for (let at = 0; at < 100; at++) {
      const length = at === longAt ? random.integer(200_000, 300_000) : random.integer(0, 500);
      const inputIds = Int32Array.from({ length }, (_, index) => (index * 7919 + at) | 0);
      const labels = inputIds.map((id) => (id % 3 === 0 ? -100 : id));
      const row = { row: random.integer(0, 2 ** 31 - 1), inputIds, labels, weight: random.next() };
      known.push(told(row));
      spill.append(row);
    }
    spill.save();
    spill.close();
    const saved = new TokenSpill(path, true);
    expect(Array.from(saved, told)).toEqual(known);
    saved.close();
  });
});

const digestOf = (words: Int32Array): string =>
  createHash("sha256")
    .update(new Uint8Array(words.buffer, words.byteOffset, words.byteLength))
    .digest("hex");

it("counts a row that says no weight as one of weight 1", () => {
  const spill = new TokenSpill(join(temporaryFolder(), "tokens"));
  spill.append({ row: 3, inputIds: Int32Array.of(1, 2), labels: Int32Array.of(-100, 2) });
  const [row] = Array.from(spill, ({ weight, row: number }) => [number, weight]);
  spill.close();
  expect(row).toEqual([3, 1]);
});
