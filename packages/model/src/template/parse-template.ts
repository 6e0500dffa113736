import { lexTemplate, type Token } from "./lex-template.js";
import { syntaxError } from "./template-error.js";
import type {
  Arguments,
  BinaryOperator,
  Body,
  Comparison,
  Expression,
  Parameter,
  Statement,
  Target,
} from "./template-nodes.js";

/** Deepest nesting of expressions and blocks; beyond it a template is hostile. */
const DEEPEST = 200;

const NO_ARGUMENTS: Arguments = { positional: [], named: [], spread: null, namedSpread: null };
const CONSTANTS: ReadonlyMap<string, null | boolean> = new Map([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["none", null],
  ["None", null],
]);
const RESERVED: ReadonlySet<string> = new Set(CONSTANTS.keys());
const COMPARISONS: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);

/**
 * Parses a template by the grammar of Jinja 3.1, with loop controls and Transformers' `generation` blocks. Inheritance and
 * imports are refused: a chat template is one text.
 *
 * @throws TemplateError with the line
 */
export function parseTemplate(source: string): Body {
  const parser = new Parser(lexTemplate(source));
  return parser.template();
}

class Parser {
  #at = 0;
  #depth = 0;
  /** Names of the blocks that are open, innermost last, for messages. */
  readonly #open: string[] = [];

  constructor(private readonly tokens: readonly Token[]) {}

  template(): Body {
    const body = this.#body([]);
    if (this.#token.type !== "end") this.#unknownTag();
    return body;
  }

  get #token(): Token {
    return this.tokens[this.#at];
  }

  get #line(): number {
    return this.#token.line;
  }

  #next(): Token {
    return this.tokens[this.#at++];
  }

  #is(type: Token["type"], ...values: string[]): boolean {
    return this.#token.type === type && (values.length === 0 || values.includes(this.#token.value));
  }

  #isOperator(...values: string[]): boolean {
    return this.#is("operator", ...values);
  }

  #skip(type: Token["type"], value: string): boolean {
    if (!this.#is(type, value)) return false;
    this.#at++;
    return true;
  }

  #expect(type: Token["type"], value?: string): Token {
    if (this.#token.type !== type || (value !== undefined && this.#token.value !== value)) {
      throw syntaxError(
        `expected token '${value ?? type}', got '${this.#token.value || this.#token.type}'`,
        this.#line,
      );
    }
    return this.#next();
  }

  #nested<Result>(parse: () => Result): Result {
    if (++this.#depth > DEEPEST) throw syntaxError("the template is nested too deeply", this.#line);
    const result = parse();
    this.#depth--;
    return result;
  }

  #unknownTag(): never {
    const { value } = this.tokens[this.#at + 1] ?? this.#token;
    const open = this.#open.at(-1);
    const hint = open === undefined ? "" : `; the innermost block that is open is '${open}'`;
    throw syntaxError(`Encountered unknown tag '${value}'${hint}`, this.#line);
  }

  /** Statements up to a block whose name is one of `ends`, which is left to be read. */
  #body(ends: readonly string[]): Body {
    const body: Statement[] = [];
    for (;;) {
      const { type, value, line } = this.#token;
      if (type === "end") {
        if (ends.length > 0)
          throw syntaxError(`Unexpected end of template, expected '${ends.join("' or '")}'`, line);
        return body;
      }
      if (type === "text") {
        this.#at++;
        body.push({ type: "text", text: value, line });
      } else if (type === "variable-begin") {
        this.#at++;
        body.push({ type: "print", value: this.#tuple(), line });
        this.#expect("variable-end");
      } else {
        this.#expect("block-begin");
        if (this.#token.type !== "name") throw syntaxError("tag name expected", this.#line);
        if (ends.includes(this.#token.value)) return body;
        this.#nested(() => body.push(...this.#statement()));
        this.#expect("block-end");
      }
    }
  }

  /** The statements up to one of the ends, and which that was; its name is read. */
  #block(name: string, ends: readonly string[]): readonly [Body, string] {
    this.#expect("block-end");
    this.#open.push(name);
    const body = this.#body(ends);
    this.#open.pop();
    return [body, this.#next().value];
  }

  #statement(): Statement[] {
    const { value: name, line } = this.#next();
    switch (name) {
      case "if":
        return [this.#if(line)];
      case "for":
        return [this.#for(line)];
      case "set":
        return [this.#set(line)];
      case "macro": {
        const macro = this.#expect("name").value;
        const parameters = this.#parameters();
        const [body] = this.#block(name, ["endmacro"]);
        return [{ type: "macro", name: macro, parameters, body, line }];
      }
      case "call": {
        const parameters = this.#isOperator("(") ? this.#parameters() : [];
        const call = this.#expression();
        if (call.type !== "call") throw syntaxError("expected call", line);
        const [body] = this.#block(name, ["endcall"]);
        return [{ type: "call", call, parameters, body, line }];
      }
      case "filter": {
        const filter = this.#filters(null, true);
        const [body] = this.#block(name, ["endfilter"]);
        return [{ type: "filter", filter, body, line }];
      }
      case "with": {
        const assignments: [Target, Expression][] = [];
        while (!this.#is("block-end")) {
          if (assignments.length > 0) this.#expect("operator", ",");
          const target = this.#target();
          this.#expect("operator", "=");
          assignments.push([target, this.#expression()]);
        }
        const [body] = this.#block(name, ["endwith"]);
        return [{ type: "with", assignments, body, line }];
      }
      case "generation":
        return [{ type: "generation", body: this.#block(name, ["endgeneration"])[0], line }];
      case "block": {
        // Nothing extends a chat template, so that a block stands where it is written.
        const block = this.#expect("name").value;
        const [body] = this.#block(name, ["endblock"]);
        this.#skip("name", block);
        return [{ type: "scope", body, line }];
      }
      case "print": {
        const printed: Statement[] = [];
        while (!this.#is("block-end")) {
          if (printed.length > 0) this.#expect("operator", ",");
          printed.push({ type: "print", value: this.#expression(), line });
        }
        return printed;
      }
      case "break":
      case "continue":
        return [{ type: name, line }];
      case "extends":
      case "include":
      case "import":
      case "from":
        throw syntaxError(`'${name}' asks for another file, and a chat template is one text`, line);
      default:
        this.#at -= 2;
        this.#unknownTag();
    }
  }

  #if(line: number): Statement {
    const branches: [Expression | null, Body][] = [];
    let test: Expression | null = this.#tuple(false);
    for (;;) {
      const ends = test === null ? ["endif"] : ["elif", "else", "endif"];
      const [body, end] = this.#block("if", ends);
      branches.push([test, body]);
      if (end === "endif") return { type: "if", branches, line };
      test = end === "elif" ? this.#tuple(false) : null;
    }
  }

  #for(line: number): Statement {
    const target = this.#target(["in"]);
    this.#expect("name", "in");
    const iterable = this.#tuple(false, ["recursive"]);
    const test = this.#skip("name", "if") ? this.#expression() : null;
    const recursive = this.#skip("name", "recursive");
    const [body, end] = this.#block("for", ["endfor", "else"]);
    const otherwise = end === "else" ? this.#block("for", ["endfor"])[0] : [];
    return { type: "for", target, iterable, test, recursive, body, otherwise, line };
  }

  #set(line: number): Statement {
    const target = this.#target([], true);
    if (this.#skip("operator", "=")) return { type: "set", target, value: this.#tuple(), line };
    const filter = this.#isOperator("|") ? this.#filters(null, false) : null;
    const [body] = this.#block("set", ["endset"]);
    return { type: "set-block", target, filter, body, line };
  }

  #parameters(): Parameter[] {
    const parameters: Parameter[] = [];
    this.#expect("operator", "(");
    while (!this.#isOperator(")")) {
      if (parameters.length > 0) this.#expect("operator", ",");
      const { value: name, line } = this.#expect("name");
      const given = this.#skip("operator", "=") ? this.#expression() : null;
      if (given === null && parameters.at(-1)?.default) {
        throw syntaxError("non-default argument follows default argument", line);
      }
      parameters.push({ name, default: given });
    }
    this.#expect("operator", ")");
    return parameters;
  }

  /** What is assigned to: names, with commas between them or in parentheses. */
  #target(ends: readonly string[] = [], allowsMember = false): Target {
    const { line } = this.#token;
    const next = this.tokens[this.#at + 1];
    if (allowsMember && this.#is("name") && next.type === "operator" && next.value === ".") {
      const object = this.#next().value;
      this.#next();
      return { type: "member", object, name: this.#expect("name").value };
    }
    return asTarget(
      this.#list(() => this.#primary(), ends, false),
      line,
    );
  }

  /** Expressions with commas between them are a tuple; one without a comma is itself. */
  #tuple(allowsConditional = true, ends: readonly string[] = [], isInParentheses = false): Expression {
    const parse = allowsConditional ? () => this.#expression() : () => this.#or();
    return this.#list(parse, ends, isInParentheses);
  }

  #list(parse: () => Expression, ends: readonly string[], isInParentheses: boolean): Expression {
    const items: Expression[] = [];
    let isTuple = false;
    const isAtEnd = (): boolean =>
      this.#is("variable-end") ||
      this.#is("block-end") ||
      this.#isOperator(")") ||
      this.#is("name", ...ends, "");
    for (;;) {
      if (items.length > 0) this.#expect("operator", ",");
      if (isAtEnd()) break;
      items.push(parse());
      if (!this.#isOperator(",")) break;
      isTuple = true;
    }
    if (!isTuple && items.length > 0) return items[0];
    if (!isTuple && !isInParentheses) {
      throw syntaxError(`Expected an expression, got '${this.#token.value || this.#token.type}'`, this.#line);
    }
    return { type: "tuple", items };
  }

  #expression(): Expression {
    return this.#nested(() => {
      let expression = this.#or();
      while (this.#skip("name", "if")) {
        const test = this.#or();
        const otherwise = this.#skip("name", "else") ? this.#expression() : null;
        expression = { type: "conditional", test, then: expression, otherwise };
      }
      return expression;
    });
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#skip("name", "or")) left = { type: "or", left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#skip("name", "and")) left = { type: "and", left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    if (!this.#skip("name", "not")) return this.#compare();
    return this.#nested(() => ({ type: "not", operand: this.#not() }) as const);
  }

  #compare(): Expression {
    const first = this.#sum();
    const rest: Comparison[] = [];
    for (;;) {
      const next = this.tokens[this.#at + 1];
      if (this.#token.type === "operator" && COMPARISONS.has(this.#token.value)) {
        const operator = this.#next().value as Comparison["operator"];
        rest.push({ operator, operand: this.#sum() });
      } else if (this.#skip("name", "in")) {
        rest.push({ operator: "in", operand: this.#sum() });
      } else if (this.#is("name", "not") && next.type === "name" && next.value === "in") {
        this.#at += 2;
        rest.push({ operator: "not in", operand: this.#sum() });
      } else break;
    }
    return rest.length === 0 ? first : { type: "compare", first, rest };
  }

  #sum(): Expression {
    return this.#binary(["+", "-"], () => this.#concat());
  }

  #concat(): Expression {
    const parts = [this.#product()];
    while (this.#skip("operator", "~")) parts.push(this.#product());
    return parts.length === 1 ? parts[0] : { type: "concat", parts };
  }

  #product(): Expression {
    return this.#binary(["*", "/", "//", "%"], () => this.#binary(["**"], () => this.#unary()));
  }

  #binary(operators: readonly BinaryOperator[], parse: () => Expression): Expression {
    let left = parse();
    while (this.#isOperator(...operators)) {
      const operator = this.#next().value as BinaryOperator;
      left = { type: "binary", operator, left, right: parse() };
    }
    return left;
  }

  #unary(withFilters = true): Expression {
    let expression: Expression;
    if (this.#isOperator("+", "-")) {
      const sign = this.#next().value as "+" | "-";
      expression = this.#nested(() => ({ type: "sign", sign, operand: this.#unary(false) }) as const);
    } else expression = this.#primary();
    expression = this.#postfix(expression);
    return withFilters ? this.#afterPostfix(expression) : expression;
  }

  #primary(): Expression {
    const { type, value, line } = this.#next();
    switch (type) {
      case "name": {
        const constant = CONSTANTS.get(value);
        return constant === undefined ? { type: "name", name: value } : { type: "constant", value: constant };
      }
      case "string": {
        let text = value;
        while (this.#is("string")) text += this.#next().value;
        return { type: "constant", value: text };
      }
      case "integer":
        return { type: "constant", value: BigInt(/^0+$/.test(value) ? "0" : value) };
      case "float":
        return { type: "constant", value: Number(value) };
      case "operator":
        if (value === "(") {
          const tuple = this.#nested(() => this.#tuple(true, [], true));
          this.#expect("operator", ")");
          return tuple;
        }
        if (value === "[") return { type: "list", items: this.#items("]", () => this.#expression()) };
        if (value === "{") {
          const pair = (): readonly [Expression, Expression] => {
            const key = this.#expression();
            this.#expect("operator", ":");
            return [key, this.#expression()];
          };
          return { type: "dict", items: this.#items("}", pair) };
        }
        break;
      default:
        break;
    }
    throw syntaxError(`unexpected '${value || type}'`, line);
  }

  #items<Item>(end: string, parse: () => Item): Item[] {
    const items: Item[] = [];
    while (!this.#isOperator(end)) {
      if (items.length > 0) this.#expect("operator", ",");
      if (this.#isOperator(end)) break;
      items.push(parse());
    }
    this.#expect("operator", end);
    return items;
  }

  #postfix(start: Expression): Expression {
    let expression = start;
    for (;;) {
      if (this.#skip("operator", ".")) {
        const { type, value, line } = this.#next();
        if (type === "name") expression = { type: "attribute", object: expression, name: value };
        else if (type === "integer") {
          expression = { type: "item", object: expression, key: { type: "constant", value: BigInt(value) } };
        } else throw syntaxError("expected name or number", line);
      } else if (this.#skip("operator", "[")) {
        const keys = this.#items("]", () => this.#subscript());
        if (keys.length === 0) throw syntaxError("unexpected ']'", this.#line);
        const key: Expression = keys.length === 1 ? keys[0] : { type: "tuple", items: keys };
        expression = { type: "item", object: expression, key };
      } else if (this.#isOperator("(")) {
        expression = { type: "call", callee: expression, args: this.#arguments() };
      } else return expression;
    }
  }

  #subscript(): Expression {
    let start: Expression | null = null;
    if (!this.#isOperator(":")) {
      start = this.#expression();
      if (!this.#isOperator(":")) return start;
    }
    const bound = (): Expression | null => (this.#isOperator(":", "]", ",") ? null : this.#expression());
    this.#next();
    const stop = bound();
    const step = this.#skip("operator", ":") ? bound() : null;
    return { type: "slice", start, stop, step };
  }

  #afterPostfix(start: Expression): Expression {
    let expression = start;
    for (;;) {
      if (this.#isOperator("|")) expression = this.#filters(expression, false);
      else if (this.#is("name", "is")) expression = this.#test(expression);
      // A call may follow a filter, too.
      else if (this.#isOperator("("))
        expression = { type: "call", callee: expression, args: this.#arguments() };
      else return expression;
    }
  }

  #filters(start: Expression | null, beginsWithName: boolean): Expression {
    let operand = start;
    let isFirst = beginsWithName;
    while (isFirst || this.#skip("operator", "|")) {
      isFirst = false;
      const name = this.#dottedName();
      const args = this.#isOperator("(") ? this.#arguments() : NO_ARGUMENTS;
      operand = { type: "filter", operand, name, args };
    }
    if (operand === null) throw syntaxError("expected a filter", this.#line);
    return operand;
  }

  #test(operand: Expression): Expression {
    const { line } = this.#next();
    const isNegated = this.#skip("name", "not");
    const name = this.#dottedName();
    let args = NO_ARGUMENTS;
    const { type } = this.#token;
    if (this.#isOperator("(")) args = this.#arguments();
    else if (
      (["name", "string", "integer", "float"].includes(type) || this.#isOperator("[", "{")) &&
      !this.#is("name", "else", "or", "and")
    ) {
      if (this.#is("name", "is")) throw syntaxError("You cannot chain multiple tests with is", line);
      args = { ...NO_ARGUMENTS, positional: [this.#postfix(this.#primary())] };
    }
    const test: Expression = { type: "test", operand, name, args };
    return isNegated ? { type: "not", operand: test } : test;
  }

  #dottedName(): string {
    let name = this.#expect("name").value;
    while (this.#skip("operator", ".")) name += `.${this.#expect("name").value}`;
    return name;
  }

  #arguments(): Arguments {
    return this.#nested(() => {
      this.#expect("operator", "(");
      const positional: Expression[] = [];
      const named: [string, Expression][] = [];
      let spread: Expression | null = null;
      let namedSpread: Expression | null = null;
      let isFirst = true;
      while (!this.#isOperator(")")) {
        if (!isFirst) this.#expect("operator", ",");
        if (this.#isOperator(")")) break;
        isFirst = false;
        const { line, type, value } = this.#token;
        const refuse = (wrong: boolean): void => {
          if (wrong) throw syntaxError("invalid syntax for function call expression", line);
        };
        const next = this.tokens[this.#at + 1];
        if (this.#skip("operator", "*")) {
          refuse(spread !== null || namedSpread !== null);
          spread = this.#expression();
        } else if (this.#skip("operator", "**")) {
          refuse(namedSpread !== null);
          namedSpread = this.#expression();
        } else if (type === "name" && next.type === "operator" && next.value === "=") {
          refuse(namedSpread !== null);
          this.#at += 2;
          named.push([value, this.#expression()]);
        } else {
          refuse(spread !== null || namedSpread !== null || named.length > 0);
          positional.push(this.#expression());
        }
      }
      this.#expect("operator", ")");
      return { positional, named, spread, namedSpread };
    });
  }
}

function asTarget(expression: Expression, line: number): Target {
  if (expression.type === "name" && !RESERVED.has(expression.name)) return expression;
  if (expression.type === "tuple") {
    return { type: "tuple", items: expression.items.map((item) => asTarget(item, line)) };
  }
  throw syntaxError(`can't assign to '${expression.type}'`, line);
}
