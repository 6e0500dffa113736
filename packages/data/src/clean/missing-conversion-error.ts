import { InputError, phrase } from "@lathe/files";

/** The package that holds the words of simplified and traditional Chinese is not installed. */
export class MissingConversionError extends InputError {
  override readonly name = "MissingConversionError";

  constructor(
    /** The package to install. */
    readonly packageName: string,
    options?: ErrorOptions,
  ) {
    super(
      phrase`step chinese converts with the words of the package ${packageName}, which is not installed; install it: npm install ${packageName}`,
      options,
    );
  }
}
