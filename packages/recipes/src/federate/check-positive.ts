import { expectation, RecipeError } from "../recipe-error.js";

/** Expects numbers above 0. @throws RecipeError naming all fields that are none */
export function checkPositive(fields: Readonly<Record<string, number>>): void {
  const faults = Object.entries(fields)
    .filter(([, value]) => !(value > 0 && Number.isFinite(value)))
    .map(([key, value]) => expectation(key, "a number above 0", String(value)));
  if (faults.length > 0) throw new RecipeError(faults);
}
