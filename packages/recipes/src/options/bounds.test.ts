/** What an option may be, as it is described, is what the package takes that it is for. */
import { checkSampling, samplingDefaults } from "@lathe/model";
import { resolveLoraConfig } from "@lathe/peft";
import { resolveTrainConfig } from "@lathe/train";
import { optionDetails } from "@lathe/files";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { adapterOptions } from "./adapter-options.js";
import { generationOptions } from "./generation-options.js";
import { trainingOptions } from "./training-options.js";

/** Bounds of a number in JSON Schema. */
interface Bounds {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

/** Numbers at the bounds of a schema and on either side of them; none where it is not one of a number. */
function probesOf(schema: z.ZodType): number[] {
  const { type, ...bounds } = z.toJSONSchema(schema, { io: "input" }) as Bounds;
  if (type !== "integer" && type !== "number") return [];
  const step = type === "integer" ? 1 : 1e-3;
  const edges = [bounds.minimum, bounds.maximum, bounds.exclusiveMinimum, bounds.exclusiveMaximum]
    .filter((edge) => edge !== undefined)
    .filter((edge) => Number.isSafeInteger(edge + 1) && Number.isSafeInteger(edge - 1));
  const halves = type === "integer" ? edges.map((edge) => edge + 1.5) : [];
  return [...edges.flatMap((edge) => [edge - step, edge, edge + step]), ...halves, Number.NaN];
}

const takes = (part: () => unknown): boolean => {
  try {
    part();
    return true;
  } catch {
    return false;
  }
};

/** Every number near a bound of the options of a part, with the key that it is for in what takes it. */
function probes(options: Readonly<Record<string, z.ZodType>>, part: string): [string, number, boolean][] {
  return Object.entries(options).flatMap(([key, schema]) => {
    const { field } = optionDetails(schema);
    if (field !== `${part}.${key}`) return [];
    return probesOf(schema).map((value): [string, number, boolean] => [
      key,
      value,
      schema.safeParse(value).success,
    ]);
  });
}

describe("a number near a bound is taken by both or by neither:", () => {
  it.each(probes(trainingOptions, "train"))("%s of a run, %d: %s", (key, value, isTaken) => {
    expect(takes(() => resolveTrainConfig({ [key]: value }))).toBe(isTaken);
  });

  it.each(probes(adapterOptions, "lora"))("%s of an adapter, %d: %s", (key, value, isTaken) => {
    expect(takes(() => resolveLoraConfig({ [key]: value }))).toBe(isTaken);
  });

  const sampling = probes(generationOptions, "generation").filter(([key]) =>
    Object.hasOwn(samplingDefaults, key),
  );
  it.each(sampling)("%s of a text, %d: %s", (key, value, isTaken) => {
    expect(takes(() => checkSampling({ ...samplingDefaults, [key]: value }))).toBe(isTaken);
  });
});

it("has probes for every part", () => {
  expect(probes(trainingOptions, "train").length).toBeGreaterThan(60);
  expect(probes(adapterOptions, "lora").length).toBeGreaterThan(8);
  expect(probes(generationOptions, "generation").length).toBeGreaterThan(10);
});
