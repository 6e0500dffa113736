import { InputError, phrase } from "@lathe/files";

/** No token can be chosen: the model's logits are not finite. */
export class NonFiniteLogitsError extends InputError {
  override readonly name = "NonFiniteLogitsError";

  /**
   * @param sequence number of the sequence's random stream: the number of the prompt, unless streams were given
   * @param step number of the new token, from 0
   * @param id token whose logit it is
   */
  constructor(
    readonly sequence: number,
    readonly step: number,
    readonly id: number,
    readonly logit: number,
  ) {
    super(
      phrase`sequence ${sequence}, step ${step}: expected finite logits, got ${logit} for token ${id}; the weights or the adapter hold values that are not finite`,
    );
  }
}
