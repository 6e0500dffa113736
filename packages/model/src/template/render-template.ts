import { attributeOf, callValue, itemOf, Slice } from "./attributes.js";
import { bindArguments } from "./bind-arguments.js";
import { checkNames } from "./check-names.js";
import { applySign, asIndex, compare, concatenate, operate } from "./operations.js";
import { reprOf, strOf } from "./python-repr.js";
import {
  Callable,
  type CallArguments,
  Dict,
  isTrue,
  iterate,
  Namespace,
  Range,
  Tuple,
  Undefined,
  type Value,
} from "./python-values.js";
import { formatTime } from "./python-date.js";
import { parseTemplate } from "./parse-template.js";
import { TemplateError, typeError, valueError } from "./template-error.js";
import { LONGEST } from "./template-limits.js";
import { type FilterContext, isFilterName, runFilter } from "./template-filters.js";
import type { Arguments, Body, Expression, Parameter, Statement, Target } from "./template-nodes.js";
import { runTest } from "./template-tests.js";

/** What a template may spend, and the time that it is told. */
export interface RenderOptions {
  /** What `strftime_now` formats, in local time. @defaultValue the present */
  readonly now?: Date;
  /** Expressions and statements. @defaultValue 5,000,000 */
  readonly steps?: number;
  /** Characters written. @defaultValue 50,000,000 */
  readonly characters?: number;
}

/** Most values of a `range`, as in Jinja's sandbox. */
const LONGEST_RANGE = 100_000;
/** Deepest that macros call each other. */
const DEEPEST_CALL = 200;
const NOTHING: CallArguments = { positional: [], named: new Map() };

/** What is written, and where `generation` blocks were. */
export interface Rendered {
  readonly text: string;
  /** Start and end of each `generation` block in the text, in UTF-16 units. */
  readonly generated: readonly (readonly [start: number, end: number])[];
}

/** A parsed template, rendered as Jinja in Python renders it with the settings of Transformers. */
export class Template {
  readonly #body: Body;

  /** @throws TemplateError with the line where the template does not parse */
  constructor(source: string) {
    this.#body = parseTemplate(source);
    checkNames(this.#body);
  }

  /**
   * Renders with variables.
   *
   * @throws TemplateError in Python's words, and when a limit is reached
   */
  render(variables: Readonly<Record<string, Value>>, options: RenderOptions = {}): Rendered {
    const scope = new Scope(new Scope(null, options.now === undefined ? PRESENT : globals(options.now)));
    for (const [name, value] of Object.entries(variables)) scope.set(name, value);
    const renderer = new Renderer(options);
    const output = new Output(renderer);
    renderer.run(this.#body, scope, output);
    return { text: output.text, generated: output.generated };
  }
}

/** Names and their values, inside another scope or none. */
class Scope {
  readonly #own: Map<string, Value>;

  constructor(
    readonly outer: Scope | null,
    own = new Map<string, Value>(),
  ) {
    this.#own = own;
  }

  get(name: string): Value | undefined {
    const own = this.#own.get(name);
    return own === undefined ? this.outer?.get(name) : own;
  }

  set(name: string, value: Value): void {
    this.#own.set(name, value);
  }
}

/** Text as it grows. */
class Output {
  readonly #pieces: string[] = [];
  #length = 0;
  readonly generated: [number, number][] = [];

  constructor(private readonly renderer: Renderer) {}

  get text(): string {
    return this.#pieces.join("");
  }

  get length(): number {
    return this.#length;
  }

  write(text: string): void {
    this.#length += text.length;
    this.renderer.wrote(text.length);
    this.#pieces.push(text);
  }
}

type Signal = "break" | "continue" | undefined;

class Renderer {
  #steps = 0;
  #written = 0;
  #depth = 0;
  readonly #mostSteps: number;
  readonly #mostCharacters: number;
  readonly #context: FilterContext = {
    filter: (name, value, args) => {
      this.#count();
      return runFilter(name, value, args, this.#context);
    },
    test: (name, value, args) => {
      this.#count();
      return runTest(name, value, args, isFilterName);
    },
  };

  constructor({ steps = 5_000_000, characters = LONGEST }: RenderOptions) {
    this.#mostSteps = steps;
    this.#mostCharacters = characters;
  }

  wrote(characters: number): void {
    this.#written += characters;
    if (this.#written > this.#mostCharacters) {
      throw new TemplateError(
        "MemoryError",
        `the template writes more than ${this.#mostCharacters} characters`,
      );
    }
  }

  #count(): void {
    if (++this.#steps > this.#mostSteps) {
      throw new TemplateError("TimeoutError", `the template takes more than ${this.#mostSteps} steps`);
    }
  }

  run(body: Body, scope: Scope, output: Output): Signal {
    for (const statement of body) {
      this.#count();
      const signal = this.#statement(statement, scope, output);
      if (signal !== undefined) return signal;
    }
    return undefined;
  }

  #statement(statement: Statement, scope: Scope, output: Output): Signal {
    switch (statement.type) {
      case "text":
        output.write(statement.text);
        return undefined;
      case "print":
        output.write(strOf(this.#evaluate(statement.value, scope)));
        return undefined;
      case "if": {
        const branch = statement.branches.find(
          ([test]) => test === null || isTrue(this.#truth(this.#evaluate(test, scope))),
        );
        return branch === undefined ? undefined : this.run(branch[1], scope, output);
      }
      case "for":
        this.#for(statement, scope, output);
        return undefined;
      case "set":
        this.#assign(statement.target, this.#evaluate(statement.value, scope), scope);
        return undefined;
      case "set-block": {
        const text = this.#captured(statement.body, new Scope(scope));
        const value = statement.filter === null ? text : this.#evaluate(statement.filter, scope, text);
        this.#assign(statement.target, value, scope);
        return undefined;
      }
      case "macro":
        scope.set(statement.name, this.#macro(statement.name, statement.parameters, statement.body, scope));
        return undefined;
      case "call": {
        const { callee, args } = statement.call;
        const caller = this.#macro("caller", statement.parameters, statement.body, scope);
        const given = this.#arguments(args, scope);
        const named = new Map(given.named).set("caller", caller);
        output.write(strOf(this.#call(this.#evaluate(callee, scope), { ...given, named })));
        return undefined;
      }
      case "filter": {
        const text = this.#captured(statement.body, new Scope(scope));
        output.write(strOf(this.#evaluate(statement.filter, scope, text)));
        return undefined;
      }
      case "with": {
        const inner = new Scope(scope);
        const values = statement.assignments.map(([, value]) => this.#evaluate(value, scope));
        statement.assignments.forEach(([target], place) => this.#assign(target, values[place], inner));
        return this.run(statement.body, inner, output);
      }
      case "scope":
        return this.run(statement.body, new Scope(scope), output);
      case "generation": {
        const start = output.length;
        const signal = this.run(statement.body, scope, output);
        output.generated.push([start, output.length]);
        return signal;
      }
      default:
        return statement.type;
    }
  }

  #captured(body: Body, scope: Scope): string {
    const output = new Output(this);
    this.run(body, scope, output);
    return output.text;
  }

  /** A value whose truth is asked for: one that must not be touched refuses. */
  #truth(value: Value): Value {
    if (value instanceof Undefined && value.kind !== "UndefinedError") value.fail();
    return value;
  }

  #for(statement: Statement & { readonly type: "for" }, scope: Scope, output: Output): void {
    const { iterable, recursive } = statement;
    const values = this.#evaluate(iterable, scope);
    const run = (over: Value, depth: number, into: Output): void => {
      if (depth > DEEPEST_CALL) throw new TemplateError("RecursionError", "maximum recursion depth exceeded");
      const items = this.#chosen(statement, over, scope);
      if (items.length === 0) {
        this.run(statement.otherwise, new Scope(scope), into);
        return;
      }
      const again = (args: CallArguments): Value => {
        const inner = new Output(this);
        run(bindArguments("loop", ["iterable"], args).get("iterable"), depth + 1, inner);
        return inner.text;
      };
      let changed: Value[] | undefined;
      const isChanged = ({ positional }: CallArguments): Value => {
        const before = changed;
        changed = [...positional];
        return before === undefined || !compare("==", before, changed);
      };
      for (const [place, item] of items.entries()) {
        this.#count();
        const inner = new Scope(scope);
        inner.set("loop", loopOf(items, place, depth, recursive ? again : null, isChanged));
        this.#assign(statement.target, item, inner);
        if (this.run(statement.body, inner, into) === "break") break;
      }
    };
    run(values, 0, output);
  }

  /** The values that a loop goes through. */
  #chosen({ test, target }: Statement & { readonly type: "for" }, values: Value, scope: Scope): Value[] {
    const chosen: Value[] = [];
    for (const item of iterate(values)) {
      this.#count();
      if (test !== null) {
        const inner = new Scope(scope);
        this.#assign(target, item, inner);
        if (!isTrue(this.#evaluate(test, inner))) continue;
      }
      chosen.push(item);
    }
    return chosen;
  }

  #assign(target: Target, value: Value, scope: Scope): void {
    if (target.type === "name") scope.set(target.name, value);
    else if (target.type === "member") {
      const object = scope.get(target.object);
      if (!(object instanceof Namespace)) {
        throw new TemplateError("TemplateRuntimeError", "cannot assign attribute on non-namespace object");
      }
      object.attributes.set(target.name, value);
    } else {
      if (value instanceof Undefined) value.fail();
      const items = Array.from(iterate(value));
      const { length } = target.items;
      if (items.length > length) throw valueError(`too many values to unpack (expected ${length})`);
      if (items.length < length) {
        throw valueError(`not enough values to unpack (expected ${length}, got ${items.length})`);
      }
      target.items.forEach((inner, place) => this.#assign(inner, items[place], scope));
    }
  }

  #macro(name: string, parameters: readonly Parameter[], body: Body, scope: Scope): Callable {
    const names = new Set(parameters.map((parameter) => parameter.name));
    return new Callable(
      name,
      ({ positional, named }) => {
        if (++this.#depth > DEEPEST_CALL) {
          throw new TemplateError("RecursionError", "maximum recursion depth exceeded");
        }
        const inner = new Scope(scope);
        const rest = new Map(named);
        parameters.forEach((parameter, place) => {
          const given = place < positional.length ? positional[place] : rest.get(parameter.name);
          if (place < positional.length && rest.has(parameter.name)) {
            throw typeError(`macro '${name}' got multiple values for argument '${parameter.name}'`);
          }
          rest.delete(parameter.name);
          if (given !== undefined) inner.set(parameter.name, given);
          else if (parameter.default !== null)
            inner.set(parameter.name, this.#evaluate(parameter.default, inner));
          else inner.set(parameter.name, new Undefined(`parameter '${parameter.name}' was not provided`));
        });
        if (!names.has("caller")) {
          inner.set(
            "caller",
            orElse(rest.get("caller"), () => new Undefined("No caller defined")),
          );
          rest.delete("caller");
        }
        if (positional.length > parameters.length && !usedNames(body).has("varargs")) {
          throw typeError(`macro '${name}' takes not more than ${parameters.length} argument(s)`);
        }
        if (rest.size > 0 && !usedNames(body).has("kwargs")) {
          const [unexpected] = rest.keys();
          throw typeError(`macro '${name}' takes no keyword argument '${unexpected}'`);
        }
        inner.set("varargs", new Tuple(positional.slice(parameters.length)));
        inner.set("kwargs", new Dict(rest));
        inner.set("loop", new Undefined("'loop' is undefined"));
        const text = this.#captured(body, inner);
        this.#depth--;
        return text;
      },
      (attribute) => {
        switch (attribute) {
          case "name":
            return name;
          case "arguments":
            return new Tuple(parameters.map((parameter) => parameter.name));
          case "catch_varargs":
            return usedNames(body).has("varargs");
          case "catch_kwargs":
            return usedNames(body).has("kwargs");
          case "caller":
            return usedNames(body).has("caller");
          default:
            return undefined;
        }
      },
      true,
      `<Macro ${reprOf(name)}>`,
    );
  }

  #call(callee: Value, args: CallArguments): Value {
    this.#count();
    return callValue(callee, args);
  }

  #arguments({ positional, named, spread, namedSpread }: Arguments, scope: Scope): CallArguments {
    if (positional.length + named.length === 0 && spread === null && namedSpread === null) return NOTHING;
    const values = positional.map((argument) => this.#evaluate(argument, scope));
    if (spread !== null) values.push(...iterate(this.#evaluate(spread, scope)));
    const byName = new Map(named.map(([name, argument]) => [name, this.#evaluate(argument, scope)] as const));
    if (namedSpread !== null) {
      const mapping = this.#evaluate(namedSpread, scope);
      if (!(mapping instanceof Dict)) throw typeError("argument after ** must be a mapping");
      for (const [name, value] of mapping.entries()) byName.set(strOf(name), value);
    }
    return { positional: values, named: byName };
  }

  /** @param filtered what a filter without an operand is applied to: the text of a block */
  #evaluate(expression: Expression, scope: Scope, filtered?: Value): Value {
    this.#count();
    switch (expression.type) {
      case "constant":
        return expression.value;
      case "name":
        return orElse(scope.get(expression.name), () => unknown(expression.name));
      case "list":
        return expression.items.map((item) => this.#evaluate(item, scope));
      case "tuple":
        return new Tuple(expression.items.map((item) => this.#evaluate(item, scope)));
      case "dict":
        return new Dict(
          expression.items.map(
            ([key, value]) => [this.#evaluate(key, scope), this.#evaluate(value, scope)] as const,
          ),
        );
      case "conditional": {
        const { test, then, otherwise } = expression;
        if (isTrue(this.#truth(this.#evaluate(test, scope)))) return this.#evaluate(then, scope);
        if (otherwise !== null) return this.#evaluate(otherwise, scope);
        return new Undefined("the inline if-expression evaluated to false and no else section was defined.");
      }
      case "and": {
        const left = this.#truth(this.#evaluate(expression.left, scope));
        return isTrue(left) ? this.#evaluate(expression.right, scope) : left;
      }
      case "or": {
        const left = this.#truth(this.#evaluate(expression.left, scope));
        return isTrue(left) ? left : this.#evaluate(expression.right, scope);
      }
      case "not":
        return !isTrue(this.#truth(this.#evaluate(expression.operand, scope)));
      case "compare": {
        let left = this.#evaluate(expression.first, scope);
        for (const { operator, operand } of expression.rest) {
          const right = this.#evaluate(operand, scope);
          if (!compare(operator, left, right)) return false;
          left = right;
        }
        return true;
      }
      case "concat":
        return concatenate(expression.parts.map((part) => this.#evaluate(part, scope)));
      case "binary": {
        const left = this.#evaluate(expression.left, scope);
        return operate(expression.operator, left, this.#evaluate(expression.right, scope));
      }
      case "sign":
        return applySign(expression.sign, this.#evaluate(expression.operand, scope));
      case "attribute":
        return attributeOf(this.#evaluate(expression.object, scope), expression.name);
      case "item": {
        const object = this.#evaluate(expression.object, scope);
        const { key } = expression;
        if (key.type !== "slice") return itemOf(object, this.#evaluate(key, scope));
        const bound = (part: Expression | null): Value =>
          part === null ? null : this.#evaluate(part, scope);
        return itemOf(object, new Slice(bound(key.start), bound(key.stop), bound(key.step)));
      }
      case "slice":
        throw typeError("a slice among several keys has no value here");
      case "call": {
        const callee = this.#evaluate(expression.callee, scope);
        return this.#call(callee, this.#arguments(expression.args, scope));
      }
      case "filter": {
        const { operand, name, args } = expression;
        const value = operand === null ? filtered! : this.#evaluate(operand, scope, filtered);
        return this.#context.filter(name, value, this.#arguments(args, scope));
      }
      case "test": {
        const value = this.#evaluate(expression.operand, scope);
        const { positional, named } = this.#arguments(expression.args, scope);
        return this.#context.test(expression.name, value, [...positional, ...named.values()]);
      }
    }
  }
}

/** What Python has under a name and a template is not given here: to show nothing in its place would be another text. */
const REFUSED = new Set(["lipsum", "self"]);

function unknown(name: string): Undefined {
  if (REFUSED.has(name)) throw new TemplateError("TemplateRuntimeError", `'${name}' is not to be had here`);
  return new Undefined(`'${name}' is undefined`);
}

/** None is a value, so that `??` would be wrong. */
const orElse = (value: Value | undefined, otherwise: () => Value): Value =>
  value === undefined ? otherwise() : value;

/** The names that a macro's body uses, to know whether it takes what it does not name. */
function usedNames(body: Body): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(visit);
    else if (typeof node === "object" && node !== null) {
      const { type, name } = node as { type?: unknown; name?: unknown };
      if (type === "name" && typeof name === "string") names.add(name);
      for (const part of Object.values(node)) visit(part);
    }
  };
  visit(body);
  return names;
}

/** The variable `loop`. */
function loopOf(
  items: readonly Value[],
  place: number,
  depth: number,
  again: ((args: CallArguments) => Value) | null,
  changed: (args: CallArguments) => Value,
): Callable {
  const { length } = items;
  const neighbour = (at: number, name: string): Value =>
    orElse(items[at], () => new Undefined(`there is no ${name} item`));
  const attribute = (name: string): Value | undefined => {
    switch (name) {
      case "index":
        return BigInt(place + 1);
      case "index0":
        return BigInt(place);
      case "revindex":
        return BigInt(length - place);
      case "revindex0":
        return BigInt(length - place - 1);
      case "first":
        return place === 0;
      case "last":
        return place === length - 1;
      case "length":
        return BigInt(length);
      case "depth":
        return BigInt(depth + 1);
      case "depth0":
        return BigInt(depth);
      case "previtem":
        return neighbour(place - 1, "previous");
      case "nextitem":
        return neighbour(place + 1, "next");
      case "changed":
        return new Callable("changed", changed);
      case "cycle":
        return new Callable("cycle", ({ positional }) => {
          if (positional.length === 0) throw typeError("no items for cycling given");
          return positional[place % positional.length];
        });
      default:
        return undefined;
    }
  };
  const shown = `<LoopContext ${place + 1}/${length}>`;
  return new Callable("loop", again ?? (() => null), attribute, again !== null, shown);
}

/** What every template may use besides the variables it is given. */
function globals(now?: Date): Map<string, Value> {
  const functions: readonly (readonly [string, (args: CallArguments) => Value])[] = [
    ["range", range],
    ["dict", dictOf],
    ["namespace", namespaceOf],
    ["cycler", cycler],
    ["joiner", joiner],
    [
      "raise_exception",
      (args) => {
        const message = strOf(bindArguments("raise_exception", ["message"], args).get("message"));
        throw new TemplateError("TemplateError", message);
      },
    ],
    [
      "strftime_now",
      (args) =>
        formatTime(strOf(bindArguments("strftime_now", ["format"], args).get("format")), now ?? new Date()),
    ],
  ];
  return new Map(functions.map(([name, call]) => [name, new Callable(name, call)]));
}

/** Those of a rendering at the present, whenever that is. */
const PRESENT = globals();

function range({ positional }: CallArguments): Value {
  if (positional.length === 0) throw typeError("range expected at least 1 argument, got 0");
  if (positional.length > 3) throw typeError(`range expected at most 3 arguments, got ${positional.length}`);
  const [first, second, third] = positional.map(asIndex);
  if (third === 0) throw valueError("range() arg 3 must not be zero");
  const made = second === undefined ? new Range(0, first, 1) : new Range(first, second, third ?? 1);
  if (made.length > LONGEST_RANGE) {
    throw new TemplateError(
      "OverflowError",
      `Range too big. The sandbox blocks ranges larger than MAX_RANGE (${LONGEST_RANGE}).`,
    );
  }
  return made;
}

function dictOf({ positional, named }: CallArguments): Dict {
  const [given] = positional;
  const entries: [Value, Value][] = [];
  if (given instanceof Dict) entries.push(...given.entries());
  else if (given !== undefined) {
    for (const pair of iterate(given)) {
      const [key, value, ...more] = iterate(pair);
      if (value === undefined || more.length > 0)
        throw valueError("dictionary update sequence element has the wrong length");
      entries.push([key, value]);
    }
  }
  return new Dict([...entries, ...named]);
}

function namespaceOf(args: CallArguments): Namespace {
  const namespace = new Namespace();
  for (const [key, value] of dictOf(args).entries()) namespace.attributes.set(strOf(key), value);
  return namespace;
}

function cycler({ positional }: CallArguments): Value {
  if (positional.length === 0) throw typeError("at least one item has to be provided");
  let place = 0;
  const attribute = (name: string): Value | undefined => {
    switch (name) {
      case "current":
        return positional[place];
      case "next":
        return new Callable("next", () => {
          const value = positional[place];
          place = (place + 1) % positional.length;
          return value;
        });
      case "reset":
        return new Callable("reset", () => {
          place = 0;
          return null;
        });
      default:
        return undefined;
    }
  };
  return new Callable("cycler", () => null, attribute, false);
}

function joiner(args: CallArguments): Value {
  const separator = bindArguments("joiner", ["sep?"], args).get("sep", ", ");
  let isUsed = false;
  return new Callable("joiner", () => {
    const text = isUsed ? separator : "";
    isUsed = true;
    return text;
  });
}
