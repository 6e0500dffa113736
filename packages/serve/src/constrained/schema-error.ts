import { InputError, phrase, type Phrase } from "@lathe/files";

/** A JSON schema asks for what replies cannot be held to. */
export class SchemaError extends InputError {
  override readonly name = "SchemaError";

  /**
   * @param place within the schema, such as `properties.age`; empty for the schema itself
   * @param fault what was expected there and what came
   */
  constructor(
    readonly place: string,
    fault: Phrase,
  ) {
    super(place === "" ? phrase`the schema: ${fault}` : phrase`the schema at ${place}: ${fault}`);
  }
}
