/** A token that stands in a text as it is written. */
export interface AddedText {
  readonly text: string;
  readonly id: number;
}

interface Node {
  readonly next: Map<number, Node>;
  id: number | null;
}

/** Finds added tokens in a text: at each place the longest one that begins there, from the left. */
export class AddedTokenSplitter {
  readonly #root: Node = { next: new Map(), id: null };
  /** 1 for every UTF-16 unit that a token begins with. */
  readonly #begins = new Uint8Array(0x10000);
  /** Id of the token that was found last, and where it ends. */
  foundId = -1;
  foundEnd = -1;

  constructor(tokens: readonly AddedText[]) {
    for (const { text, id } of tokens) {
      let node = this.#root;
      for (let at = 0; at < text.length; at++) {
        const unit = text.charCodeAt(at);
        let next = node.next.get(unit);
        if (next === undefined) node.next.set(unit, (next = { next: new Map(), id: null }));
        node = next;
      }
      node.id = id;
      this.#begins[text.charCodeAt(0)] = 1;
    }
  }

  /** Where the next token begins, `end` where there is none up to it; `foundId` and `foundEnd` then tell which. */
  find(text: string, from: number, end: number): number {
    for (let start = from; start < end; start++) {
      if (this.#begins[text.charCodeAt(start)] === 0) continue;
      let node: Node | undefined = this.#root;
      this.foundId = -1;
      for (let at = start; at < end; at++) {
        node = node.next.get(text.charCodeAt(at));
        if (node === undefined) break;
        if (node.id === null) continue;
        this.foundId = node.id;
        this.foundEnd = at + 1;
      }
      if (this.foundId !== -1) return start;
    }
    return end;
  }
}
