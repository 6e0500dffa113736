import { relative } from "node:path";
import ts from "typescript";
import { root } from "./pnpm.mjs";

/** A sentence that the sources say to the user, or a place where one cannot be translated. */
export interface SpokenSentence {
  /** File below the root of the repository, with the line. */
  readonly place: string;
  readonly template: string;
  /** What keeps it from being said in another language; null where nothing does. */
  readonly fault: string | null;
}

/** Words, but for what stands in quotes: names, flags and values are the same in every language. */
export const hasWords = (text: string): boolean => /[a-z]{2}/.test(text.replaceAll(/"[^"]*"|\{\d+\}/g, ""));

/** The sources of the packages and the command, with the types that say what is a sentence. */
function programOfSources(): ts.Program {
  const { fileNames, options } = ts.parseJsonConfigFileContent(
    {
      extends: "./tsconfig.base.json",
      compilerOptions: { noEmit: true, customConditions: ["@lathe/source"] },
      include: ["packages/*/src", "apps/cli/src", "apps/studio/src/server"],
    },
    ts.sys,
    root,
  );
  const isSource = (name: string): boolean => !/\.test\.tsx?$|\/testing\//.test(name);
  return ts.createProgram(fileNames.filter(isSource), options);
}

function takesPhrase(type: ts.Type | undefined): boolean {
  if (type === undefined) return false;
  if (type.isUnion()) return type.types.some(takesPhrase);
  return (type.symbol as ts.Symbol | undefined)?.name === "Phrase";
}

/** The template of a literal, with its gaps numbered. */
function templateOf(literal: ts.TemplateLiteral): string {
  if (ts.isNoSubstitutionTemplateLiteral(literal)) return literal.text;
  return (
    literal.head.text + literal.templateSpans.map((span, index) => `{${index}}${span.literal.text}`).join("")
  );
}

/** Words of an option beside its description, which the help says. */
const optionWords = ["negated", "requiredText", "defaultText", "unit", "expected"];

/** Whether a default is a name, such as that of a program or of another value, which is the same in every language. */
const isName = ({ name, initializer }: ts.PropertyAssignment): boolean =>
  name.getText() === "defaultText" && ts.isStringLiteral(initializer) && !initializer.text.includes(" ");

/** The expressions that a conditional expression and its like may come to. */
function outcomes(expression: ts.Expression): ts.Expression[] {
  if (ts.isParenthesizedExpression(expression)) return outcomes(expression.expression);
  if (ts.isConditionalExpression(expression)) {
    return [...outcomes(expression.whenTrue), ...outcomes(expression.whenFalse)];
  }
  if (
    ts.isBinaryExpression(expression) &&
    [ts.SyntaxKind.BarBarToken, ts.SyntaxKind.QuestionQuestionToken].includes(expression.operatorToken.kind)
  ) {
    return [...outcomes(expression.left), ...outcomes(expression.right)];
  }
  return [expression];
}

/**
 * Files that throw an `Error` itself: of a state that only a program can bring about, caught where it is thrown, or words of a library
 * that become a part of a sentence. `TypeError` and `RangeError` tell a program that it gave another value than a function takes.
 */
const plainErrors: readonly string[] = [
  "packages/data/src/read/guarded-worker.ts",
  "packages/export/src/gate/open-transformers.ts",
  "packages/model/src/config/end-token.ts",
  "packages/model/src/decoder/streamed-layers.ts",
  "packages/model/src/decoder/streamed-linear.ts",
  "packages/model/src/generation/sequence-batch.ts",
  "packages/model/src/weights/mapped-file.ts",
  "packages/model/src/weights/safetensors-file.ts",
  "packages/quant/src/quantized-linear.ts",
];

/**
 * Errors that people do not read in a language of theirs, each by its file: the class that all others extend, words of another language's
 * errors that become a part of a sentence, what never leaves its file, and answers of interfaces whose language is English.
 */
const unspoken: readonly string[] = [
  "packages/files/src/errors/spoken-error.ts SpokenError",
  "packages/model/src/template/template-error.ts TemplateError",
  "packages/model/src/tokenizer/parse-word-pattern.ts UnreadPattern",
  "packages/serve/src/constrained/byte-grammar.ts GrammarSizeError",
  "packages/serve/src/http/serve-app.ts ClientGoneError",
  "packages/serve/src/http/serve-app.ts DeadlineError",
  "packages/serve/src/openai/api-error.ts ApiError",
  "packages/serve/src/replies/reply-scheduler.ts OverloadedError",
  "packages/serve/src/replies/reply-scheduler.ts StoppingError",
];

/** Whether a class is an error that has no phrases: it extends `Error` itself. */
const isPlainError = ({ heritageClauses }: ts.ClassDeclaration): boolean =>
  heritageClauses?.some(
    ({ token, types }) =>
      token === ts.SyntaxKind.ExtendsKeyword &&
      types.some(({ expression }) => expression.getText() === "Error"),
  ) ?? false;

/**
 * Every sentence that the sources of the packages and of the command hand over where a `Phrase` may stand: literals, templates,
 * and constants that hold one; and the words of options, which the help says.
 */
export function spokenSentences(): SpokenSentence[] {
  const program = programOfSources();
  const checker = program.getTypeChecker();
  const said: SpokenSentence[] = [];
  /** What is listed and there. */
  const met = new Set<string>();
  const note = (node: ts.Node, template: string, fault: string | null = null): void => {
    if (!hasWords(template)) return;
    const source = node.getSourceFile();
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    said.push({ place: `${source.fileName.slice(root.length)}:${line + 1}`, template, fault });
  };
  const noteText = (expression: ts.Expression): void => {
    for (const part of outcomes(expression)) {
      if (ts.isStringLiteral(part) || ts.isNoSubstitutionTemplateLiteral(part)) note(part, part.text);
      else if (ts.isTemplateExpression(part)) note(part, templateOf(part), "a template without its tag");
      else if (ts.isIdentifier(part)) {
        const declaration = checker.getSymbolAtLocation(part)?.valueDeclaration;
        if (
          declaration !== undefined &&
          ts.isVariableDeclaration(declaration) &&
          declaration.initializer !== undefined &&
          (checker.getTypeAtLocation(part).flags & ts.TypeFlags.StringLike) !== 0
        ) {
          noteText(declaration.initializer);
        }
      }
    }
  };
  /** Whether a property holds words of an option, or what a check of several options says. */
  const isOfOptions = ({ name, parent }: ts.PropertyAssignment): boolean => {
    if (optionWords.includes(name.getText())) {
      const type = checker.getContextualType(parent);
      const symbol = type && (checker.getNonNullableType(type).symbol as ts.Symbol | undefined);
      return symbol?.name === "OptionDetails";
    }
    const call = parent.parent;
    return (
      name.getText() === "error" &&
      ts.isCallExpression(call) &&
      ts.isPropertyAccessExpression(call.expression) &&
      call.expression.name.text === "refine"
    );
  };
  const walk = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && isOfOptions(node) && !isName(node)) noteText(node.initializer);
    if (
      ts.isCallExpression(node) &&
      ts.isIdentifier(node.expression) &&
      node.expression.text === "optionGroup"
    ) {
      const [heading] = node.arguments;
      if (ts.isStringLiteral(heading)) note(heading, `${heading.text}:`);
    }
    if (ts.isClassDeclaration(node) && isPlainError(node)) {
      const name = node.name?.text ?? "";
      const file = relative(root, node.getSourceFile().fileName);
      const isListed = unspoken.includes(`${file} ${name}`);
      if (isListed) met.add(`${file} ${name}`);
      else note(node, name, "an error that has no phrases; extend SpokenError");
    }
    if (ts.isNewExpression(node) && node.expression.getText() === "Error") {
      const file = relative(root, node.getSourceFile().fileName);
      if (plainErrors.includes(file)) met.add(file);
      else note(node, node.getText(), "an error that has no phrases; throw a SpokenError");
    }
    if (ts.isTaggedTemplateExpression(node) && ts.isIdentifier(node.tag) && node.tag.text === "phrase") {
      note(node, templateOf(node.template));
      if (ts.isTemplateExpression(node.template)) {
        for (const { expression } of node.template.templateSpans) {
          for (const part of outcomes(expression)) {
            if (ts.isStringLiteral(part) && part.text.includes(" ")) {
              note(part, part.text, "a text in a gap that is no phrase");
            }
          }
        }
      }
    } else if (
      ts.isExpression(node) &&
      !ts.isTemplateSpan(node.parent) &&
      !(ts.isPropertyAssignment(node.parent) && node.parent.name === node) &&
      takesPhrase(checker.getContextualType(node))
    ) {
      noteText(node);
    }
    ts.forEachChild(node, walk);
  };
  for (const source of program.getSourceFiles()) {
    if (!source.isDeclarationFile && source.fileName.startsWith(root)) walk(source);
  }
  for (const listed of [...unspoken, ...plainErrors]) {
    if (!met.has(listed)) {
      said.push({
        place: listed,
        template: listed,
        fault: "no such error without phrases; take it off the list",
      });
    }
  }
  return said;
}
