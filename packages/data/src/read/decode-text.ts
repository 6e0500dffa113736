import { peek } from "./peek.js";
import { encodingOf, type TextEncoding } from "./text-encoding.js";
import { decodeWindows1252 } from "./windows-1252.js";

const SNIFFED_BYTES = 1024 * 1024;

/**
 * Text of any of the encodings in UTF-8. The encoding is told by a byte order mark or else by what the first megabyte can
 * be read as. Bytes that are no character of the encoding become the byte FF, which is none of UTF-8, so that the line they
 * are in is reported by whoever reads the lines.
 */
export async function decodeText(
  bytes: AsyncIterable<Buffer>,
): Promise<{ chunks: AsyncIterable<Buffer>; encoding: TextEncoding }> {
  const { head, isAll, chunks } = await peek(bytes, SNIFFED_BYTES);
  const encoding = encodingOf(head, isAll);
  return { chunks: encoding === "utf-8" ? chunks : transcode(chunks, encoding), encoding };
}

async function* transcode(
  chunks: AsyncIterable<Buffer>,
  encoding: TextEncoding,
): AsyncGenerator<Buffer, void, undefined> {
  if (encoding === "windows-1252") {
    for await (const chunk of chunks) yield Buffer.from(decodeWindows1252(chunk));
    return;
  }
  const decoder = new TextDecoder(encoding);
  for await (const chunk of chunks) yield asUtf8(decoder.decode(chunk, { stream: true }));
  yield asUtf8(decoder.decode());
}

const BAD = Buffer.from([0xff]);

function asUtf8(text: string): Buffer {
  if (!text.includes("\ufffd")) return Buffer.from(text, "utf8");
  return Buffer.concat(
    text
      .split("\ufffd")
      .flatMap((part, index) => (index === 0 ? [Buffer.from(part)] : [BAD, Buffer.from(part)])),
  );
}
