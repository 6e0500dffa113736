const tables = new Map<string, ReadonlyMap<string, readonly number[]>>();

/** Text in an encoding that `TextDecoder` reads, by what that makes of all pairs of bytes. @throws RangeError for what is not in it */
export function encodeText(text: string, encoding: string): Buffer {
  let table = tables.get(encoding);
  if (table === undefined) tables.set(encoding, (table = tableOf(encoding)));
  return Buffer.from(
    Array.from(text).flatMap((character) => {
      const bytes = table.get(character);
      if (bytes === undefined) throw new RangeError(`${character} is not in ${encoding}`);
      return bytes;
    }),
  );
}

function tableOf(encoding: string): Map<string, readonly number[]> {
  const decoder = new TextDecoder(encoding);
  const table = new Map<string, readonly number[]>();
  const take = (...bytes: number[]): void => {
    const read = decoder.decode(Uint8Array.from(bytes));
    if (Array.from(read).length === 1 && read !== "\ufffd" && !table.has(read)) table.set(read, bytes);
  };
  for (let first = 0; first < 256; first++) take(first);
  for (let first = 0x81; first < 255; first++)
    for (let second = 0x40; second < 255; second++) take(first, second);
  return table;
}
