/** Chunks of bytes whose beginning has been looked at. */
export interface Peeked {
  /** As many bytes as were asked for, or all there are. */
  readonly head: Buffer;
  /** Whether `head` is all there is. */
  readonly isAll: boolean;
  /** Everything, the head too. */
  readonly chunks: AsyncIterable<Buffer>;
}

/** Reads chunks until the first `bytes` of them are there. */
export async function peek(chunks: AsyncIterable<Buffer>, bytes: number): Promise<Peeked> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  let size = 0;
  let isAll = false;
  while (size < bytes) {
    const next = await iterator.next();
    if (next.done === true) {
      isAll = true;
      break;
    }
    first.push(next.value);
    size += next.value.length;
  }
  const all = async function* (): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* first.splice(0);
      for (;;) {
        const next = await iterator.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  };
  return { head: Buffer.concat(first), isAll, chunks: all() };
}
