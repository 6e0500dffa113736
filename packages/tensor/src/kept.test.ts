import { describe, expect, it } from "vitest";
import { KeptTogether } from "./kept.js";

describe("KeptTogether", () => {
  class Counter {
    count = 0;
  }
  class Other {
    name = "other";
  }
  const makeCounter = (): Counter => new Counter();
  const makeOther = (): Other => new Other();

  it("makes a part when it is first asked for, and hands out the same one from then on", () => {
    const together = new KeptTogether();
    together.part(makeCounter).count++;
    expect(together.part(makeCounter).count).toBe(1);
    expect(together.part(makeOther).name).toBe("other");
    expect(together.part(makeCounter)).toBe(together.part(makeCounter));
  });

  it("forgets all parts, and starts over", () => {
    const together = new KeptTogether();
    const before = together.part(makeCounter);
    together.clear();
    expect(together.part(makeCounter)).not.toBe(before);
  });

  it("keeps those of two tapes apart", () => {
    const [first, second] = [new KeptTogether(), new KeptTogether()];
    expect(first.part(makeCounter)).not.toBe(second.part(makeCounter));
  });
});
