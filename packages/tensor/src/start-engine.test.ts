/** How an engine is chosen, started and put in use. */
import { phrase, sayPhrase } from "@lathe/files";
import { beforeEach, describe, expect, it } from "vitest";
import type { EngineDefinition, Precision } from "./engine.js";
import { engineInUse } from "./engine-in-use.js";
import { cpuEngine } from "./engines/cpu/cpu-engine.js";
import { EngineError } from "./errors.js";
import { engineFault, listEngines, startEngine } from "./start-engine.js";

/** What was asked of definitions, in order. */
let asked: string[];
beforeEach(() => {
  asked = [];
});

function definition(name: string, parts: Partial<EngineDefinition> = {}): EngineDefinition {
  const { probe = () => Promise.resolve(null), start = () => cpuEngine.start("fp32") } = parts;
  return {
    description: `the engine ${name}`,
    precisions: ["fp32"],
    ...parts,
    name,
    probe() {
      asked.push(`probe ${name}`);
      return probe();
    },
    start(precision: Precision) {
      asked.push(`start ${name} ${precision}`);
      return start(precision);
    },
  };
}

const absent = (name: string): EngineDefinition =>
  definition(name, { probe: () => Promise.resolve(phrase`no ${name} here`) });
const broken = (name: string): EngineDefinition =>
  definition(name, { start: () => Promise.reject(new Error("it broke")) });

describe("startEngine", () => {
  it("takes the first that runs, asks no further, and says why those before it were passed over", async () => {
    const engine = await startEngine([absent("a"), broken("b"), definition("c"), definition("d")]);
    expect(engine.name).toBe("c");
    expect(asked).toEqual(["probe a", "probe b", "start b fp32", "probe c", "start c fp32"]);
    expect(engine.passedOver.map(({ name, reason }) => [name, reason])).toEqual([
      ["a", "no a here"],
      ["b", "it did not start: it broke"],
    ]);
    for (const { phrase: said, reason } of engine.passedOver) expect(sayPhrase(said)).toBe(reason);
    expect(engineInUse()).toBe(engine);
  });

  it("names every engine with its reason where none runs, and leaves in use what was", async () => {
    const before = await startEngine(definition("before"));
    const error = await startEngine([absent("a"), broken("b")]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({
      engine: "a or b",
      message: "engine a or b cannot run here (a: no a here; b: it did not start: it broke)",
    });
    expect(engineInUse()).toBe(before);
  });

  it("computes over packed weights as the definition says, where nothing else is asked for", async () => {
    const engine = definition("e", {
      precisions: ["bf16", "fp32", "int8"],
      precisionOver: { int8: "int8" },
    });
    expect((await startEngine(engine, "auto", "int8")).precision).toBe("int8");
    expect((await startEngine(engine, "auto", "nf4")).precision).toBe("bf16");
    expect((await startEngine(engine, "auto")).precision).toBe("bf16");
    expect((await startEngine(engine, "bf16", "int8")).precision).toBe("bf16");
  });

  it("offers every precision that a definition takes over packed weights", () => {
    for (const { precisions, precisionOver = {} } of listEngines()) {
      expect(precisions).toEqual(expect.arrayContaining(Object.values(precisionOver)));
    }
  });

  it("computes in the first precision unless another is asked for, which it has to offer", async () => {
    const engine = definition("e", { precisions: ["bf16", "fp32"] });
    expect((await startEngine(engine)).precision).toBe("bf16");
    expect((await startEngine(engine, "fp32")).precision).toBe("fp32");
    expect(asked).toContain("start e fp32");
    const before = engineInUse();
    asked = [];
    await expect(startEngine([engine, definition("other")], "int8")).rejects.toThrow(
      "precision int8: engine e computes in bf16, fp32",
    );
    // What was asked for in so many words is refused; another engine is no answer to it.
    expect(asked).toEqual(["probe e"]);
    expect(engineInUse()).toBe(before);
  });

  it("has the portable parts where a definition has none of its own, and its own in their place", async () => {
    const plain = await startEngine(definition("plain"));
    const routines = { ...plain.routines };
    const own = await startEngine(
      definition("own", { start: async () => ({ ...(await cpuEngine.start("fp32")), routines }) }),
    );
    expect(own.routines).toBe(routines);
    expect(own.caches).toEqual(plain.caches);
    expect(own.name).toBe("own");
    expect(sayPhrase(own.descriptionPhrase)).toBe("the engine own");
  });

  it("knows its engines by name, each once, and says which there are", async () => {
    const names = listEngines().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect((await startEngine("cpu")).name).toBe("cpu");
    await expect(startEngine("abacus")).rejects.toThrow(
      `engine abacus is unknown; expected auto or one of ${names.join(", ")}`,
    );
  });

  it("says what it would refuse without starting anything", async () => {
    for (const [name, precision] of [
      ["abacus", "auto"],
      ["cpu", "int8"],
    ] as const) {
      const refused = await startEngine(name, precision).catch((error: unknown) => error);
      expect(sayPhrase(engineFault(name, precision)!)).toBe((refused as Error).message);
    }
    expect(engineFault("auto", "int8")).toBeNull();
    expect(engineFault("cpu", "fp32")).toBeNull();
    expect(engineFault("cpu")).toBeNull();
  });
});
