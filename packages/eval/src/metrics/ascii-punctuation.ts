/** The 32 characters of Python's `string.punctuation`: ASCII punctuation and symbols. */
export const asciiPunctuation: ReadonlySet<string> = new Set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
