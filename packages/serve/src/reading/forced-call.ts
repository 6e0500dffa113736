import { isRecord } from "@lathe/files";

/** A tool as a request describes it. */
export interface DescribedTool {
  readonly name: string;
  /** JSON schema of its arguments; any object where none is given. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
}

/** A reply that can be nothing but a call of a tool. */
export interface ForcedCall {
  /** What is written for the model, so that the call is begun. */
  readonly opening: string;
  /** Schema of what the model writes. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** What is written for the model once it has. */
  readonly ending: string;
}

/** Keywords of which one at least says what kind of value a schema is of. */
const kinds = ["type", "$ref", "anyOf", "const", "enum"];

/** The schema of a tool's arguments: of an object, unless it says otherwise. */
export function argumentsSchema({ parameters = {} }: DescribedTool): Readonly<Record<string, unknown>> {
  return kinds.some((kind) => Object.hasOwn(parameters, kind))
    ? parameters
    : { type: "object", ...parameters };
}

/** A schema with its references to itself pointing to where it lies in another. */
function moved(schema: unknown, place: string): unknown {
  if (Array.isArray(schema)) return schema.map((item) => moved(item, place));
  if (!isRecord(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      // What is a value rather than a schema stays as it is.
      if (key === "const" || key === "enum") return [key, value];
      const isReference = key === "$ref" && typeof value === "string" && value.startsWith("#");
      return [key, isReference ? `#${place}${value.slice(1)}` : moved(value, place)];
    }),
  );
}

/** A schema of objects that name one of several tools and give its arguments. */
export function callSchema(tools: readonly DescribedTool[]): Readonly<Record<string, unknown>> {
  const schemas = tools.map((tool, index) => moved(argumentsSchema(tool), `/$defs/${index}`));
  return {
    $defs: Object.fromEntries(schemas.map((schema, index) => [String(index), schema])),
    anyOf: tools.map(({ name }, index) => ({
      type: "object",
      properties: { name: { const: name }, arguments: { $ref: `#/$defs/${index}` } },
      required: ["name", "arguments"],
      additionalProperties: false,
    })),
  };
}
