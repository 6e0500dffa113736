/** What of JSON Schema descriptions of resources use. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly anyOf?: readonly Schema[];
}

const typeOf = (value: unknown): string =>
  Array.isArray(value)
    ? "array"
    : Number.isInteger(value)
      ? "integer"
      : value === null
        ? "null"
        : typeof value;

/** Places of a value that its schema does not allow. */
export function schemaFaults(value: unknown, schema: Schema, place = "$"): string[] {
  const { type, properties = {}, required = [], additionalProperties = true } = schema;
  const actual = typeOf(value);
  const isType = [type ?? actual]
    .flat()
    .some((each) => each === actual || (each === "number" && actual === "integer"));
  if (!isType) return [`${place}: ${actual}, expected ${String(type)}`];
  const faults: string[] = [];
  if (schema.enum && !schema.enum.includes(value)) faults.push(`${place}: ${String(value)}`);
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(String(value)))
    faults.push(`${place}: ${String(value)} against ${schema.pattern}`);
  if (schema.minimum !== undefined && Number(value) < schema.minimum)
    faults.push(`${place}: ${String(value)}`);
  if (Array.isArray(value))
    return [
      ...faults,
      ...value.flatMap((each, i) => schemaFaults(each, schema.items ?? {}, `${place}[${i}]`)),
    ];
  if (actual !== "object") return faults;
  const entries = Object.entries(value as object) as [string, unknown][];
  faults.push(...required.filter((key) => !(key in (value as object))).map((key) => `${place}: no ${key}`));
  for (const [key, each] of entries) {
    const known = Object.hasOwn(properties, key) ? properties[key] : additionalProperties;
    if (known === false) faults.push(`${place}: ${key} is unknown`);
    else faults.push(...schemaFaults(each, known === true ? {} : known, `${place}.${key}`));
  }
  return faults;
}
