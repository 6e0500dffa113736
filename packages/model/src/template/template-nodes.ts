/** An expression of a template. */
export type Expression =
  | { readonly type: "constant"; readonly value: null | boolean | bigint | number | string }
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "list" | "tuple"; readonly items: readonly Expression[] }
  | { readonly type: "dict"; readonly items: readonly (readonly [key: Expression, value: Expression])[] }
  | {
      readonly type: "conditional";
      readonly test: Expression;
      readonly then: Expression;
      readonly otherwise: Expression | null;
    }
  | { readonly type: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly type: "not"; readonly operand: Expression }
  | { readonly type: "compare"; readonly first: Expression; readonly rest: readonly Comparison[] }
  | { readonly type: "concat"; readonly parts: readonly Expression[] }
  | {
      readonly type: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly type: "sign"; readonly sign: "+" | "-"; readonly operand: Expression }
  | { readonly type: "attribute"; readonly object: Expression; readonly name: string }
  | { readonly type: "item"; readonly object: Expression; readonly key: Expression }
  | {
      readonly type: "slice";
      readonly start: Expression | null;
      readonly stop: Expression | null;
      readonly step: Expression | null;
    }
  | { readonly type: "call"; readonly callee: Expression; readonly args: Arguments }
  | {
      readonly type: "filter";
      readonly operand: Expression | null;
      readonly name: string;
      readonly args: Arguments;
    }
  | { readonly type: "test"; readonly operand: Expression; readonly name: string; readonly args: Arguments };

/** An operator of two numbers, texts or lists. */
export type BinaryOperator = "+" | "-" | "*" | "/" | "//" | "%" | "**";

/** One step of a chain such as `a < b <= c`. */
export interface Comparison {
  readonly operator: "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";
  readonly operand: Expression;
}

/** What is handed to a call. */
export interface Arguments {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [name: string, value: Expression])[];
  /** `*expression` */
  readonly spread: Expression | null;
  /** `**expression` */
  readonly namedSpread: Expression | null;
}

/** What values are assigned to. */
export type Target =
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "tuple"; readonly items: readonly Target[] }
  | { readonly type: "member"; readonly object: string; readonly name: string };

/** A parameter of a macro. */
export interface Parameter {
  readonly name: string;
  readonly default: Expression | null;
}

/** What a template does, in order. */
export type Statement = { readonly line: number } & (
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "print"; readonly value: Expression }
  | { readonly type: "if"; readonly branches: readonly (readonly [test: Expression | null, body: Body])[] }
  | {
      readonly type: "for";
      readonly target: Target;
      readonly iterable: Expression;
      readonly test: Expression | null;
      readonly recursive: boolean;
      readonly body: Body;
      readonly otherwise: Body;
    }
  | { readonly type: "set"; readonly target: Target; readonly value: Expression }
  | {
      readonly type: "set-block";
      readonly target: Target;
      readonly filter: Expression | null;
      readonly body: Body;
    }
  | {
      readonly type: "macro";
      readonly name: string;
      readonly parameters: readonly Parameter[];
      readonly body: Body;
    }
  | {
      readonly type: "call";
      readonly call: Expression & { readonly type: "call" };
      readonly parameters: readonly Parameter[];
      readonly body: Body;
    }
  | { readonly type: "filter"; readonly filter: Expression; readonly body: Body }
  | {
      readonly type: "with";
      readonly assignments: readonly (readonly [Target, Expression])[];
      readonly body: Body;
    }
  | { readonly type: "generation" | "scope"; readonly body: Body }
  | { readonly type: "break" | "continue" }
);

/** Statements in order. */
export type Body = readonly Statement[];
