import { describe, expect, it } from "vitest";
import { keeping, KeptTogether } from "./kept.js";

describe("keeping", () => {
  const counted = (disposed: string[], name: string) => ({ dispose: () => void disposed.push(name) });

  it("hands over what the body gives and disposes nothing", () => {
    const disposed: string[] = [];
    const both = keeping((keep) => ["a", "b"].map((name) => keep(counted(disposed, name))));
    expect(both).toHaveLength(2);
    expect(disposed).toEqual([]);
  });

  it("disposes what was kept, once each, when the body throws after it, and throws the same", () => {
    const disposed: string[] = [];
    const error = new Error("the third");
    const run = (): unknown =>
      keeping((keep) => {
        for (const name of ["a", "b"]) keep(counted(disposed, name));
        throw error;
      });
    expect(run).toThrow(error);
    expect(disposed).toEqual(["a", "b"]);
  });

  it("within another gives up its own alone, and the outer all the rest", () => {
    const disposed: string[] = [];
    const inner = (): unknown =>
      keeping((keep) => {
        keep(counted(disposed, "inner"));
        throw new Error("inside");
      });
    keeping((keep) => {
      keep(counted(disposed, "outer"));
      expect(inner).toThrow("inside");
      expect(disposed).toEqual(["inner"]);
    });
    expect(disposed).toEqual(["inner"]);
    expect(() =>
      keeping((keep) => {
        keep(counted(disposed, "outer"));
        inner();
      }),
    ).toThrow("inside");
    expect(disposed).toEqual(["inner", "inner", "outer"]);
  });
});

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
