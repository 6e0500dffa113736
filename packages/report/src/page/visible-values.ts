import { visibleText } from "./visible-text.js";

/**
 * The same plain data, whose texts and keys have nothing that would act rather than show.
 * @param mostCharacters of a text; what is beyond is left out, which three dots say
 */
export function visibleValues<Value>(value: Value, mostCharacters = Number.POSITIVE_INFINITY): Value {
  if (typeof value === "string") {
    if (value.length <= mostCharacters) return visibleText(value) as Value;
    return `${visibleText(value.slice(0, mostCharacters))} …` as Value;
  }
  if (Array.isArray(value)) {
    return value.map((one: unknown) => visibleValues(one, mostCharacters)) as Value;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]: [string, unknown]) => [
      visibleText(key.slice(0, mostCharacters)),
      visibleValues(one, mostCharacters),
    ]),
  ) as Value;
}
