import { InputError, type Phrase, phrase } from "@lathe/files";

/** One object of a store cannot be read, whoever has put it there; others of the store may be fine. */
export class StoreObjectError extends InputError {
  override readonly name = "StoreObjectError";

  constructor(
    /** Address of the object, without what may be secret in it. */
    readonly path: string,
    /** What came in place of an object that can be read. */
    readonly came: Phrase,
    options?: ErrorOptions,
  ) {
    super(phrase`${path}: expected an object that can be read, got ${came}`, options);
  }
}
