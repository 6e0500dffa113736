import * as library from "@huggingface/jinja";

/** A node of a parsed template. */
interface Statement {
  readonly type: string;
}

/** A value while a template runs. */
interface Value {
  readonly type: string;
  readonly value: unknown;
}

interface Environment {
  set(name: string, value: unknown): unknown;
}

interface Interpreter {
  run(program: Statement): Value;
  evaluate(statement: Statement | undefined, environment: Environment): Value;
}

/** What is used of the library beyond its `Template`; its declarations of these cannot be resolved by Node's rules. */
const jinja = library as unknown as {
  readonly Environment: new () => Environment;
  readonly Interpreter: new (environment: Environment) => Interpreter;
  tokenize(source: string, options: { lstrip_blocks: boolean; trim_blocks: boolean }): unknown;
  parse(tokens: unknown): Statement;
};

/** An operation of two operands, as the parser writes it. */
interface BinaryExpression extends Statement {
  readonly operator: { readonly value: string };
  readonly left: Statement;
  readonly right: Statement;
}

/** An operand that is evaluated already and stands in the place of its expression. */
interface Evaluated extends Statement {
  readonly value: Value;
}

/** Names of kinds of values, as Python's messages have them. */
const PYTHON_NAMES: Readonly<Record<string, string>> = {
  StringValue: "str",
  IntegerValue: "int",
  FloatValue: "float",
  BooleanValue: "bool",
  NullValue: "NoneType",
  ObjectValue: "dict",
  ArrayValue: "list",
  TupleValue: "list",
};

const LOST_TEXT = "[object ";

/**
 * A template that refuses, as Jinja in Python does, to add to a text what is none. The library's own interpreter would
 * write a mapping as "[object Map]" and go on, and a model would learn it.
 */
export class StrictTemplate {
  readonly #program: Statement;

  /** @throws SyntaxError when the template does not parse */
  constructor(readonly source: string) {
    // A line break after a block and blanks before it are dropped, as Transformers sets Jinja up.
    this.#program = jinja.parse(jinja.tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  }

  /** @throws Error that says, in Python's words, what the template cannot do with the variables */
  render(variables: Readonly<Record<string, unknown>>): string {
    const environment = new jinja.Environment();
    const globals = templateGlobals();
    for (const [name, value] of Object.entries({ ...globals, ...variables })) environment.set(name, value);
    const text = new StrictInterpreter(environment).run(this.#program).value as string;
    // Filters such as join have ways of their own to write a mapping.
    if (
      text.includes(LOST_TEXT) &&
      !this.source.includes(LOST_TEXT) &&
      !JSON.stringify(variables).includes(LOST_TEXT)
    ) {
      throw new TypeError("a mapping stands where a text is expected");
    }
    return text;
  }
}

class StrictInterpreter extends jinja.Interpreter {
  override evaluate(statement: Statement | undefined, environment: Environment): Value {
    if (statement === undefined) return super.evaluate(statement, environment);
    if (statement.type === "Evaluated") return (statement as Evaluated).value;
    if (statement.type !== "BinaryExpression") return super.evaluate(statement, environment);
    const expression = statement as BinaryExpression;
    const operator = expression.operator.value;
    if (operator !== "+" && operator !== "~") return super.evaluate(statement, environment);
    const left = this.evaluate(expression.left, environment);
    const right = this.evaluate(expression.right, environment);
    refuseUnlike(operator, left, right);
    // Operands may do things, such as counting in a namespace: each is evaluated once.
    const evaluated: BinaryExpression = { ...expression, left: evaluatedAs(left), right: evaluatedAs(right) };
    return super.evaluate(evaluated, environment);
  }
}

function evaluatedAs(value: Value): Evaluated {
  return { type: "Evaluated", value };
}

function refuseUnlike(operator: string, left: Value, right: Value): void {
  const isText = (value: Value): boolean => value.type === "StringValue";
  const nameOf = ({ type }: Value): string => PYTHON_NAMES[type] ?? type;
  if (operator === "~") {
    const mapping = [left, right].find(({ type }) => type === "ObjectValue");
    if (mapping !== undefined) throw new TypeError("~ cannot write a mapping as text; use the filter tojson");
    return;
  }
  if (isText(left) === isText(right)) return;
  // An undefined operand has a complaint of its own.
  if ([left, right].some(({ type }) => type === "UndefinedValue")) return;
  throw new TypeError(
    isText(left)
      ? `can only concatenate str (not "${nameOf(right)}") to str`
      : `unsupported operand type(s) for +: '${nameOf(left)}' and 'str'`,
  );
}

/** What every template may call besides the variables it is given. */
function templateGlobals(): Record<string, unknown> {
  return {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    raise_exception: (message: unknown) => {
      throw new Error(String(message));
    },
    range: pythonRange,
    strftime_now: formatNow,
  };
}

function pythonRange(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (step === 0) throw new RangeError("range() arg 3 must not be zero");
  const length = Math.max(0, Math.ceil((stop - start) / step));
  return Array.from({ length }, (_, index) => start + index * step);
}

const MONTHS = "January February March April May June July August September October November December".split(
  " ",
);
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** Python's strftime of the present time, with English names whatever the system speaks. */
function formatNow(format: string): string {
  const now = new Date();
  const two = (value: number): string => String(value).padStart(2, "0");
  const month = MONTHS[now.getMonth()];
  const day = DAYS[now.getDay()];
  const startOfYear = Date.UTC(now.getFullYear(), 0, 0);
  const dayOfYear = (Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()) - startOfYear) / 86_400_000;
  const codes: Readonly<Record<string, string>> = {
    Y: String(now.getFullYear()),
    y: two(now.getFullYear() % 100),
    m: two(now.getMonth() + 1),
    d: two(now.getDate()),
    H: two(now.getHours()),
    I: two(now.getHours() % 12 || 12),
    M: two(now.getMinutes()),
    S: two(now.getSeconds()),
    p: now.getHours() < 12 ? "AM" : "PM",
    j: String(dayOfYear).padStart(3, "0"),
    B: month,
    b: month.slice(0, 3),
    A: day,
    a: day.slice(0, 3),
    "%": "%",
  };
  return format.replace(/%([A-Za-z%])/g, (whole, code: string) => codes[code] ?? whole);
}
