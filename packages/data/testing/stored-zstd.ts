const BLOCK_BYTES = 128 * 1024;

/** A frame of Zstandard (RFC 8878) that holds bytes as they are. */
export function storedZstd(bytes: Buffer): Buffer {
  const blocks: Buffer[] = [Buffer.from("28b52ffd0070", "hex")]; // a window of 16 MiB
  for (let at = 0; at === 0 || at < bytes.length; at += BLOCK_BYTES) {
    const block = bytes.subarray(at, at + BLOCK_BYTES);
    const isLast = at + BLOCK_BYTES >= bytes.length;
    const header = Buffer.alloc(3);
    header.writeUIntLE((block.length << 3) | (isLast ? 1 : 0), 0, 3);
    blocks.push(header, block);
  }
  return Buffer.concat(blocks);
}
