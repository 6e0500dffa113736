import { asPhrase, field, InputError, type Phrase, phrase } from "@lathe/files";

export { field, type FieldName } from "@lathe/files";

/** Something wrong with what a recipe was asked for. */
export interface RecipeFault {
  /** The field at fault. */
  readonly field: string;
  /** What was expected there, what came and what to do. */
  readonly sentence: Phrase;
}

const asPath = (field: string): string => field;

/**
 * A sentence with its fields under other names, such as the flags of a command.
 * @param nameOf the name for a field's path
 */
export function namingFieldsIn(
  { template, values }: Phrase,
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

/** A fault of one field: what was expected there and what came. */
export function expectation(path: string, expected: string | Phrase, actual: string | Phrase): RecipeFault {
  const sentence = phrase`${field(path)}: expected ${asPhrase(expected)}, got ${asPhrase(actual)}`;
  return { field: path, sentence };
}
