/** Plain data as YAML: mappings and lists by indentation, texts as JSON writes them, which YAML reads as they are. */
export const yamlText = (value: Readonly<Record<string, unknown>>): string =>
  `${linesOf(value).join("\n")}\n`;

type Mapping = Readonly<Record<string, unknown>>;

const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function linesOf(value: Mapping): string[] {
  return Object.entries(value).flatMap(([key, part]) => {
    const name = /^[A-Za-z][\w.-]*$/.test(key) ? key : JSON.stringify(key);
    if (isMapping(part) && Object.keys(part).length > 0) return [`${name}:`, ...linesOf(part).map(indented)];
    if (Array.isArray(part) && part.some(isMapping))
      return [`${name}:`, ...part.flatMap(itemOf).map(indented)];
    return [`${name}: ${Array.isArray(part) ? flowOf(part) : JSON.stringify(part)}`];
  });
}

const indented = (line: string): string => `  ${line}`;

function itemOf(value: unknown): string[] {
  if (!isMapping(value)) return [`- ${JSON.stringify(value)}`];
  const [first, ...rest] = linesOf(value);
  return [`- ${first}`, ...rest.map(indented)];
}

const flowOf = (values: readonly unknown[]): string =>
  `[${values.map((each) => JSON.stringify(each)).join(", ")}]`;
