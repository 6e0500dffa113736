import { InputError } from "@lathe/files";

/** A field of a recipe's options, by its path: `output`, `lora.rank`, `train.learningRate`. */
export interface FieldName {
  readonly field: string;
}

/** A sentence whose mentions of fields are kept apart from its text, so that a program can call them otherwise. */
export type FieldSentence = readonly (string | FieldName)[];

/** Something wrong with what a recipe was asked for. */
export interface RecipeFault {
  /** The field at fault. */
  readonly field: string;
  /** What was expected there, what came and what to do. */
  readonly sentence: FieldSentence;
}

const asPath = (field: string): string => field;

/** The sentence with each field under a name of the caller's. */
function written(sentence: FieldSentence, nameOf: (field: string) => string): string {
  return sentence.map((part) => (typeof part === "string" ? part : nameOf(part.field))).join("");
}

/** The options of a recipe ask for something impossible. */
export class RecipeError extends InputError {
  override readonly name = "RecipeError";
  /** The fields at fault, in the order of the faults. */
  readonly fields: readonly string[];

  /** @param faults at least one */
  constructor(
    readonly faults: readonly RecipeFault[],
    options?: ErrorOptions,
  ) {
    super(faults.map(({ sentence }) => written(sentence, asPath)).join("; "), options);
    this.fields = faults.map(({ field }) => field);
  }

  /**
   * A sentence for each fault, with the fields under other names, such as the flags of a command.
   * @param nameOf the name for a field's path
   */
  sentences(nameOf: (field: string) => string): string[] {
    return this.faults.map(({ sentence }) => written(sentence, nameOf));
  }
}

/** Names a field in a {@link sentenceOf}. */
export const field = (path: string): FieldName => ({ field: path });

/** A sentence from a template: texts, numbers, and fields by {@link field}. */
export function sentenceOf(
  texts: TemplateStringsArray,
  ...values: readonly (string | number | FieldName)[]
): FieldSentence {
  return texts.flatMap((text, index) => {
    if (index === values.length) return [text];
    const value = values[index];
    return [text, typeof value === "object" ? value : String(value)];
  });
}

/** A fault of one field: what was expected there and what came. */
export function expectation(path: string, expected: string, actual: string): RecipeFault {
  return { field: path, sentence: sentenceOf`${field(path)}: expected ${expected}, got ${actual}` };
}
