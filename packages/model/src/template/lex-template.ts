import { stripEnd, WHITE_SPACE } from "@lathe/files";
import { syntaxError } from "./template-error.js";

/** A piece of a template. */
export interface Token {
  readonly type:
    | "text"
    | "block-begin"
    | "block-end"
    | "variable-begin"
    | "variable-end"
    | "name"
    | "string"
    | "integer"
    | "float"
    | "operator"
    | "end";
  /** The text as it counts: unescaped for strings, digits without underscores for numbers. */
  readonly value: string;
  readonly line: number;
}

const OPERATORS = ["//", "**", "==", "!=", ">=", "<=", ..."+-/*%~[](){}><=.:|,;"];
const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

const ends = (mark: string, sticky: string): RegExp =>
  new RegExp(`\\+${mark}|-${mark}${WHITE_SPACE}*|${mark}\\n?`, `u${sticky}`);
const rawBegin = `\\{%([-+]?)${WHITE_SPACE}*raw${WHITE_SPACE}*(?:-%\\}${WHITE_SPACE}*|%\\}\\n?)`;
const beginning = new RegExp(`${rawBegin}|\\{([%{#])([-+]?)`, "gu");
const rawEnd = new RegExp(
  `\\{%([-+]?)${WHITE_SPACE}*endraw${WHITE_SPACE}*(?:${ends("%\\}", "").source})`,
  "gu",
);
const commentEnd = ends("#\\}", "g");
const blockEnd = ends("%\\}", "y");
const variableEnd = new RegExp(`-\\}\\}${WHITE_SPACE}*|\\}\\}`, "uy");
const whiteSpace = new RegExp(`${WHITE_SPACE}+`, "uy");
const onlySpace = new RegExp(`^${WHITE_SPACE}+$`, "u");
const float = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iuy;
const integer = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iuy;
const name = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy;
const string = /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/uy;

/**
 * The tokens of a template, by the rules of Jinja with the settings of Transformers: a line break behind a block or comment
 * goes, and so do blanks before one that begins a line; `-` takes all white space on its side, `+` leaves it.
 *
 * @throws TemplateError with the line
 */
export function lexTemplate(source: string): Token[] {
  const text = source.replaceAll(/\r\n?/g, "\n").replace(/\n$/, "");
  const lexer = new Lexer(text);
  lexer.run();
  return lexer.tokens;
}

class Lexer {
  readonly tokens: Token[] = [];
  #place = 0;
  #line = 1;
  /** Whether what was read last ended a line, so that blanks before a block begin one. */
  #startsLine = true;

  constructor(private readonly text: string) {}

  run(): void {
    while (this.#place < this.text.length) {
      beginning.lastIndex = this.#place;
      const found = beginning.exec(this.text);
      if (found === null) {
        this.#push("text", this.text.slice(this.#place));
        break;
      }
      const [whole, rawSign, kind, sign] = found;
      this.#pushText(this.text.slice(this.#place, found.index), kind === undefined ? rawSign : sign, kind);
      this.#advance(found.index + whole.length);
      if (kind === undefined) this.#raw();
      else if (kind === "#") this.#comment();
      else this.#tag(kind === "%");
    }
    this.#push("end", "");
  }

  /** Text before a tag, with the white space gone that the tag takes. */
  #pushText(text: string, sign: string, kind: string | undefined): void {
    let kept = text;
    if (sign === "-") kept = stripEnd(text);
    else if (sign !== "+" && kind !== "{") {
      const lineStart = text.lastIndexOf("\n") + 1;
      if ((lineStart > 0 || this.#startsLine) && onlySpace.test(text.slice(lineStart))) {
        kept = text.slice(0, lineStart);
      }
    }
    if (kept !== "") this.#push("text", kept);
  }

  #raw(): void {
    rawEnd.lastIndex = this.#place;
    const end = rawEnd.exec(this.text);
    if (end === null) throw syntaxError("Missing end of raw directive", this.#line);
    this.#startsLine = this.text[this.#place - 1] === "\n";
    this.#pushText(this.text.slice(this.#place, end.index), end[1], "%");
    this.#advance(end.index + end[0].length);
  }

  #comment(): void {
    commentEnd.lastIndex = this.#place;
    const end = commentEnd.exec(this.text);
    if (end === null) throw syntaxError("Missing end of comment tag", this.#line);
    this.#advance(end.index + end[0].length);
  }

  #tag(isBlock: boolean): void {
    const end = isBlock ? blockEnd : variableEnd;
    const open: string[] = []; // brackets that are to be closed before the tag ends
    this.#push(isBlock ? "block-begin" : "variable-begin", "");
    for (;;) {
      if (this.#place >= this.text.length) {
        throw syntaxError(`unexpected end of template, expected '${isBlock ? "%}" : "}}"}'`, this.#line);
      }
      if (open.length === 0) {
        const ended = this.#match(end);
        if (ended !== null) {
          this.#push(isBlock ? "block-end" : "variable-end", "");
          this.#advance(this.#place + ended.length);
          return;
        }
      }
      this.#inner(open);
    }
  }

  #inner(open: string[]): void {
    const take = (type: Token["type"], matched: string, value: string): void => {
      this.#push(type, value);
      this.#advance(this.#place + matched.length);
    };
    const blank = this.#match(whiteSpace);
    if (blank !== null) return this.#advance(this.#place + blank.length);
    const isAfterDot = this.text[this.#place - 1] === ".";
    const real = isAfterDot ? null : this.#match(float);
    if (real !== null) return take("float", real, real.replaceAll("_", ""));
    const whole = this.#match(integer);
    if (whole !== null) return take("integer", whole, whole.replaceAll("_", ""));
    const word = this.#match(name);
    if (word !== null) return take("name", word, word);
    const quoted = this.#match(string);
    if (quoted !== null) return take("string", quoted, this.#unescape(quoted.slice(1, -1)));
    const operator = OPERATORS.find((candidate) => this.text.startsWith(candidate, this.#place));
    if (operator === undefined) {
      throw syntaxError(`unexpected char ${JSON.stringify(this.text[this.#place])}`, this.#line);
    }
    if (operator in CLOSING) open.push(CLOSING[operator]);
    else if ([")", "]", "}"].includes(operator)) {
      const expected = open.pop();
      if (expected === undefined) throw syntaxError(`unexpected '${operator}'`, this.#line);
      if (expected !== operator)
        throw syntaxError(`unexpected '${operator}', expected '${expected}'`, this.#line);
    }
    take("operator", operator, operator);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#place;
    return pattern.exec(this.text)?.[0] ?? null;
  }

  #push(type: Token["type"], value: string): void {
    this.tokens.push({ type, value, line: this.#line });
  }

  #advance(to: number): void {
    for (let place = this.#place; place < to; place++) if (this.text[place] === "\n") this.#line++;
    this.#startsLine = this.text[to - 1] === "\n";
    this.#place = to;
  }

  /** Python's escapes in a string; a backslash before another character stays. */
  #unescape(text: string): string {
    return text.replaceAll(
      /\\(?:\n|([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([\s\S]))/gu,
      (whole, octal?: string, hex?: string, short?: string, long?: string, character?: string) => {
        if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
        const code = hex ?? short ?? long;
        if (code !== undefined) {
          const point = Number.parseInt(code, 16);
          if (point > 0x10ffff) throw syntaxError("illegal Unicode character", this.#line);
          return String.fromCodePoint(point);
        }
        if (character === undefined) return "";
        if ("xuUN".includes(character)) throw syntaxError(`truncated \\${character} escape`, this.#line);
        return ESCAPES[character] ?? whole;
      },
    );
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
