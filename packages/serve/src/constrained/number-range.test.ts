/** Numbers within bounds, as texts that a grammar takes or not, held to what JavaScript says of the same numbers. */
import { expect, it } from "vitest";
import { seededNumbers } from "../../../tensor/testing/seeded-numbers.js";
import { schemaGrammar } from "./schema-grammar.js";
import { ByteAutomaton } from "./byte-automaton.js";

const SEED = 20261130;

function takes(automaton: ByteAutomaton, text: string): boolean {
  let state: ReturnType<ByteAutomaton["next"]> = automaton.start;
  for (const byte of Buffer.from(text, "utf8")) state = state && automaton.next(state, byte);
  return state?.accepts ?? false;
}

it("takes all plain numbers that are within and none that are not", () => {
  const draw = seededNumbers(SEED);
  const some = (): number => {
    const scale = 10 ** Math.floor(draw() * 9 - 4);
    const digits = Math.floor(draw() * 3);
    return Number(((draw() - 0.5) * 2 * scale).toFixed(digits + Math.max(0, -Math.log10(scale))));
  };
  for (let round = 0; round < 400; round++) {
    const [one, other] = [some(), some()];
    const [least, most] = [Math.min(one, other), Math.max(one, other)];
    const [isOut, isMostOut, isWhole] = [draw() < 0.5, draw() < 0.5, draw() < 0.4];
    const [hasLeast, hasMost] = [draw() < 0.85, draw() < 0.85];
    const schema = {
      type: isWhole ? "integer" : "number",
      ...(hasLeast && { [isOut ? "exclusiveMinimum" : "minimum"]: least }),
      ...(hasMost && { [isMostOut ? "exclusiveMaximum" : "maximum"]: most }),
    };
    const isWithin = (value: number): boolean =>
      (!hasLeast || value > least || (value === least && !isOut)) &&
      (!hasMost || value < most || (value === most && !isMostOut));
    const texts = [least, most, 0, (least + most) / 2].flatMap((near) =>
      [0, 1, -1, 0.1, -0.01, 1e-5, 9.5].flatMap((away) => {
        const text = (near + away).toFixed(isWhole ? 0 : Math.floor(draw() * 7));
        return isWhole || !text.includes(".") ? [text] : [text, `${text}0`];
      }),
    );
    const inside = texts.filter((text) => isWithin(Number(text)));
    let automaton: ByteAutomaton;
    try {
      automaton = new ByteAutomaton(schemaGrammar(schema));
    } catch {
      expect(inside, `seed ${SEED}, round ${round}: ${JSON.stringify(schema)}`).toEqual([]);
      continue;
    }
    for (const text of texts) {
      // Zero has no sign where all numbers are above it, or it is the least.
      if (/^-0(?:\.0*)?$/.test(text)) continue;
      expect(takes(automaton, text), `seed ${SEED}, round ${round}: ${JSON.stringify(schema)} ${text}`).toBe(
        isWithin(Number(text)),
      );
    }
  }
});

it.each([
  [{ minimum: 1e-7 }, ["0.0000001", "1"], ["0", "0.00000009", "-1"]],
  [{ exclusiveMinimum: 0.1 + 0.2 }, ["0.3000000000000001", "0.4"], ["0.3", "0.30000000000000004"]],
  [{ minimum: 1e21 }, ["1000000000000000000000", "9000000000000000000000.5"], ["1", "999999999999999999999"]],
  [{ maximum: 1e300 }, ["999999999999999", "-999999999999999"], ["1e5"]],
  [{ minimum: 0, maximum: 1 }, ["0", "0.0", "1", "1.0", "0.999"], ["-0.1", "1.01", "2", "00", "0."]],
  [{ exclusiveMinimum: 0, exclusiveMaximum: 1 }, ["0.5", "0.001"], ["0", "0.0", "-0", "1", "1.0"]],
  [{ minimum: -1.5, maximum: -1.25 }, ["-1.5", "-1.25", "-1.3"], ["-1", "-1.2", "-1.51", "1.3"]],
])("numbers of %j", (bounds, taken, refused) => {
  const automaton = new ByteAutomaton(schemaGrammar({ type: "number", ...bounds }));
  for (const text of taken) expect(takes(automaton, text), text).toBe(true);
  for (const text of refused) expect(takes(automaton, text), text).toBe(false);
});
