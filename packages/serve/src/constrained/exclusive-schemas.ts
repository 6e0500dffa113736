import { isRecord } from "@lathe/files";

/** The schema that a reference stands for. */
export type Resolve = (pointer: unknown) => unknown;

/** Levels that are looked into for what tells schemas apart. */
const MAXIMUM_DEPTH = 20;

/** Whether no value is valid under both schemas, as far as their types, constants and required members tell. */
export function areExclusive(one: unknown, other: unknown, resolve: Resolve, depth = 0): boolean {
  if (!isRecord(one) || !isRecord(other) || depth > MAXIMUM_DEPTH) return false;
  for (const [a, b] of [
    [one, other],
    [other, one],
  ]) {
    const reference = own(a, "$ref");
    if (reference !== undefined && areExclusive(resolve(reference), b, resolve, depth + 1)) return true;
    const alternatives = own(a, "anyOf") ?? own(a, "oneOf");
    if (
      Array.isArray(alternatives) &&
      alternatives.length > 0 &&
      alternatives.every((option) => areExclusive(option, b, resolve, depth + 1))
    )
      return true;
    const whole = own(a, "allOf");
    if (Array.isArray(whole) && whole.some((part) => areExclusive(part, b, resolve, depth + 1))) return true;
  }
  const [types, otherTypes] = [typesOf(one), typesOf(other)];
  if (types && otherTypes && !types.some((type) => otherTypes.some((same) => overlap(type, same))))
    return true;
  const [values, otherValues] = [valuesOf(one), valuesOf(other)];
  if (values && otherValues) return !values.some((value) => otherValues.includes(value));
  return areObjects(types) && areObjects(otherTypes) && areApart(one, other, resolve, depth);
}

/** Whether a member that both ask for tells objects apart, or one asks for a member that the other does not let in. */
function areApart(
  one: Readonly<Record<string, unknown>>,
  other: Readonly<Record<string, unknown>>,
  resolve: Resolve,
  depth: number,
): boolean {
  const [members, otherMembers] = [membersOf(one), membersOf(other)];
  const [required, otherRequired] = [requiredOf(one), requiredOf(other)];
  const isLeftOut = (names: readonly string[], of: Readonly<Record<string, unknown>>): boolean =>
    own(of, "additionalProperties") === false && names.some((name) => !Object.hasOwn(membersOf(of), name));
  if (isLeftOut(required, other) || isLeftOut(otherRequired, one)) return true;
  return required.some(
    (name) =>
      otherRequired.includes(name) &&
      areExclusive(own(members, name), own(otherMembers, name), resolve, depth + 1),
  );
}

const own = (of: Readonly<Record<string, unknown>>, key: string): unknown =>
  Object.hasOwn(of, key) ? of[key] : undefined;

const membersOf = (of: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const members = own(of, "properties");
  return isRecord(members) ? members : {};
};

const requiredOf = (of: Readonly<Record<string, unknown>>): string[] => {
  const names = own(of, "required");
  return Array.isArray(names) ? names.filter((name): name is string => typeof name === "string") : [];
};

/** Types that a schema takes; null where it does not say. */
function typesOf(of: Readonly<Record<string, unknown>>): readonly string[] | null {
  const type = own(of, "type");
  if (typeof type === "string") return [type];
  if (Array.isArray(type)) return type.map(String);
  const values = constantsOf(of);
  return (
    values && values.map((value) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value))
  );
}

const constantsOf = (of: Readonly<Record<string, unknown>>): readonly unknown[] | null => {
  if (Object.hasOwn(of, "const")) return [of["const"]];
  const values = own(of, "enum");
  return Array.isArray(values) ? values : null;
};

/** Constants as texts; null where there are others than texts and the like, which may be written in several ways. */
function valuesOf(of: Readonly<Record<string, unknown>>): readonly string[] | null {
  const values = constantsOf(of);
  if (values === null || values.some((value) => typeof value === "object" && value !== null)) return null;
  return values.map((value) => JSON.stringify(value));
}

const overlap = (one: string, other: string): boolean =>
  one === other || [one, other].sort().join() === "integer,number";

const areObjects = (types: readonly string[] | null): boolean =>
  types !== null && types.every((type) => type === "object");
