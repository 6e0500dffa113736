/**
 * The first key that one object of a JSON text holds twice, or null.
 *
 * `JSON.parse` keeps the last of two equal keys without a word; a format that forbids them has to look for itself.
 * @param text valid JSON: `JSON.parse` has accepted it
 */
export function findDuplicateKey(text: string): string | null {
  // One entry per open bracket: the keys seen in an object, null in an array.
  const open: (Set<string> | null)[] = [];
  let expectsKey = false;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case "{":
        open.push(new Set());
        expectsKey = true;
        break;
      case "[":
        open.push(null);
        expectsKey = false;
        break;
      case "}":
      case "]":
        open.pop();
        expectsKey = false;
        break;
      case ",":
        expectsKey = open.at(-1) !== null;
        break;
      case '"': {
        const start = at++;
        while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
        const keys = open.at(-1);
        if (expectsKey && keys) {
          const key = JSON.parse(text.slice(start, at + 1)) as string;
          if (keys.has(key)) return key;
          keys.add(key);
          expectsKey = false;
        }
        break;
      }
    }
  }
  return null;
}
