import { asPhrase, field, InputError, type Phrase, phrase } from "@lathe/files";

export { field, type FieldName } from "@lathe/files";

/** A {@link Phrase} that mentions fields, so that a program can call them otherwise. */
export type FieldSentence = Phrase;

/** Something wrong with what a recipe was asked for. */
export interface RecipeFault {
  /** The field at fault. */
  readonly field: string;
  /** What was expected there, what came and what to do. */
  readonly sentence: FieldSentence;
}

const asPath = (field: string): string => field;

/**
 * A sentence with its fields under other names, such as the flags of a command.
 * @param nameOf the name for a field's path
 */
export function namingFieldsIn(
  { template, values }: FieldSentence,
  nameOf: (field: string) => string = asPath,
): Phrase {
  return {
    template,
    values: values.map((value) => {
      if (typeof value !== "object") return value;
      return "field" in value ? nameOf(value.field) : namingFieldsIn(value, nameOf);
    }),
  };
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
    super(
      faults.map(({ sentence }) => namingFieldsIn(sentence)),
      options,
    );
    this.fields = faults.map(({ field }) => field);
  }

  /**
   * A sentence for each fault, with the fields under other names, such as the flags of a command.
   * @param nameOf the name for a field's path
   */
  sentences(nameOf: (field: string) => string): Phrase[] {
    return this.faults.map(({ sentence }) => namingFieldsIn(sentence, nameOf));
  }
}

/** A sentence from a template: texts, numbers, and fields by {@link field}. */
export const sentenceOf = phrase;

/** A fault of one field: what was expected there and what came. */
export function expectation(path: string, expected: string | Phrase, actual: string | Phrase): RecipeFault {
  const sentence = sentenceOf`${field(path)}: expected ${asPhrase(expected)}, got ${asPhrase(actual)}`;
  return { field: path, sentence };
}
