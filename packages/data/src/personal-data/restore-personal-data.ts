import { InputError, phrase } from "@lathe/files";
import type { Row } from "../rows/row.js";
import { changeTexts, SEALED_FIELD } from "./personal-data.js";
import { openData } from "./personal-data-key.js";

/** What a row holds sealed cannot be opened: with another key, or after a change. */
export class SealedDataError extends InputError {
  override readonly name = "SealedDataError";

  constructor() {
    super(
      phrase`expected personal data that was sealed with this key in the field ${SEALED_FIELD}, got what does not open; name the key file that the rows were prepared with`,
    );
  }
}

/**
 * Puts what was masked back into the texts of a row that was prepared with a key; a row that holds nothing sealed stays as it is.
 *
 * @param key the 32 bytes of `readPersonalDataKey`
 * @throws SealedDataError when the key is another one or what is sealed was changed
 */
export function restorePersonalData(row: Row, key: Uint8Array): Row {
  const { [SEALED_FIELD]: sealed, ...fields } = row.fields;
  if (typeof sealed !== "string") return row;
  const data = openData(sealed, key);
  if (data === null) throw new SealedDataError();
  const restored = changeTexts(row, (text) =>
    text.replace(
      /\[[\p{Script=Han}A-Z_]{1,12}\d{1,6}\]/gu,
      (placeholder) => data.get(placeholder) ?? placeholder,
    ),
  );
  return { ...restored, fields };
}
