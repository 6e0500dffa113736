import { compare, equal, operate } from "./operations.js";
import { strOf } from "./python-repr.js";
import {
  asNumber,
  Callable,
  Dict,
  lengthOf,
  Markup,
  plain,
  Namespace,
  typeName,
  Range,
  Stream,
  Tuple,
  Undefined,
  type Value,
  View,
} from "./python-values.js";
import { TemplateError, typeError } from "./template-error.js";

type Test = (value: Value, args: readonly Value[]) => boolean;

const comparing =
  (operator: Parameters<typeof compare>[0]): Test =>
  (value, [other]) =>
    compare(operator, value, other);

const isWhole = (value: Value, divisor: bigint, rest: bigint): boolean =>
  equal(operate("%", value, divisor), rest);

const isText = (value: Value): value is string => typeof value === "string";

const isIterable = (value: Value): boolean =>
  isText(value) ||
  Array.isArray(value) ||
  [Tuple, Dict, View, Stream, Range, Undefined].some((kind) => value instanceof kind);

/** What each test takes besides the value, and says of it. */
const TESTS: ReadonlyMap<string, readonly [parameters: number, test: Test]> = new Map<
  string,
  readonly [number, Test]
>([
  ["defined", [0, (value) => !(value instanceof Undefined)]],
  ["undefined", [0, (value) => value instanceof Undefined]],
  ["none", [0, (value) => value === null]],
  ["boolean", [0, (value) => typeof value === "boolean"]],
  ["true", [0, (value) => value === true]],
  ["false", [0, (value) => value === false]],
  ["integer", [0, (value) => typeof value === "bigint"]],
  ["float", [0, (value) => typeof value === "number"]],
  ["number", [0, (value) => asNumber(value) !== undefined]],
  ["string", [0, isText]],
  ["mapping", [0, (value) => value instanceof Dict]],
  [
    "sequence",
    [
      0,
      // What has a length and can be asked for a place.
      (value) => lengthOf(value) !== undefined && !(value instanceof View),
    ],
  ],
  ["iterable", [0, isIterable]],
  ["callable", [0, (value) => value instanceof Callable || value instanceof Undefined]],
  ["sameas", [1, (value, [other]) => isSame(value, other)]],
  ["odd", [0, (value) => isWhole(value, 2n, 1n)]],
  ["even", [0, (value) => isWhole(value, 2n, 0n)]],
  ["divisibleby", [1, (value, [divisor]) => equal(operate("%", value, divisor), 0n)]],
  ["lower", [0, (value) => hasCase(strOf(value), /[\p{Uppercase}\p{Lt}]/u)]],
  ["upper", [0, (value) => hasCase(strOf(value), /[\p{Lowercase}\p{Lt}]/u)]],
  ["escaped", [0, () => false]],
  ["in", [1, comparing("in")]],
  ["filter", [0, () => false]],
  ["test", [0, (value) => isText(value) && TESTS.has(value)]],
  ...(
    [
      ["==", ["eq", "equalto", "=="]],
      ["!=", ["ne", "!="]],
      ["<", ["lt", "lessthan", "<"]],
      ["<=", ["le", "<="]],
      [">", ["gt", "greaterthan", ">"]],
      [">=", ["ge", ">="]],
    ] as const
  ).flatMap(([operator, names]) => names.map((name) => [name, [1, comparing(operator)]] as const)),
]);

/** Whether a text has letters of one case and none of the other. */
const hasCase = (text: string, other: RegExp): boolean => /\p{Cased}/u.test(text) && !other.test(text);

/** Whether two are one object; small values are. */
function isSame(value: Value, other: Value): boolean {
  if (value instanceof Namespace || typeof value === "object") return value === other;
  return typeof value === typeof other && value === other;
}

/** @throws TemplateError where there is no such test, or it takes other arguments */
export function runTest(
  name: string,
  value: Value,
  args: readonly Value[],
  isFilter: (name: string) => boolean,
): boolean {
  const known = TESTS.get(name);
  if (known === undefined) throw new TemplateError("TemplateRuntimeError", `No test named '${name}'.`);
  const [parameters, test] = known;
  if (args.length !== parameters) {
    throw typeError(
      `test ${name}: expected ${parameters} argument${parameters === 1 ? "" : "s"}, got ${args.length}`,
    );
  }
  if (name === "escaped") return value instanceof Markup;
  if ((name === "filter" || name === "test") && (Array.isArray(value) || value instanceof Dict))
    throw typeError(`unhashable type: '${typeName(value)}'`);
  if (name === "filter") return isText(value) && isFilter(value);
  return test(plain(value), args.map(plain));
}

/** Whether there is a test of a name. */
export const isTestName = (name: string): boolean => TESTS.has(name);
