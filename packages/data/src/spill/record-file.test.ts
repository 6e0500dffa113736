import { join } from "node:path";
import { expect, it } from "vitest";
import { forSeeds } from "../../testing/seeded-random.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { RecordFile } from "./record-file.js";

it("gives back what was appended, in any order, between appending and after it was saved", () => {
  forSeeds(5, (random) => {
    const path = join(temporaryFolder(), "records");
    const words = random.integer(1, 20);
    const file = new RecordFile(path, words);
    const known: number[][] = [];
    const check = (from: RecordFile): void => {
      const at = random.integer(0, known.length - 1);
      expect([...from.at(at)], `record ${at}`).toEqual(known[at]);
    };
    for (let count = random.integer(1, 3000); count > 0; count--) {
      const given = Array.from({ length: random.integer(0, words) }, () =>
        random.integer(-(2 ** 31), 2 ** 31 - 1),
      );
      file.append(given);
      known.push([...given, ...Array.from({ length: words - given.length }, () => 0)]);
      if (random.next() < 0.2) check(file);
    }
    file.save();
    file.close();
    const saved = new RecordFile(path, words, true);
    expect(saved.size).toBe(known.length);
    for (let times = 0; times < 300; times++) check(saved);
    saved.close();
  });
});
