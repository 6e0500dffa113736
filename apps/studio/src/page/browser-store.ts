/**
 * What the browser keeps for a member of a study: drafts, answers on their way. A browser that keeps nothing, as some do in
 * private windows, is one that forgets.
 */
export class BrowserStore {
  constructor(readonly prefix: string) {}

  get<Value>(key: string): Value | null {
    try {
      const text = localStorage.getItem(this.prefix + key);
      return text === null ? null : (JSON.parse(text) as Value);
    } catch {
      return null;
    }
  }

  set(key: string, value: unknown): void {
    try {
      localStorage.setItem(this.prefix + key, JSON.stringify(value));
    } catch {
      // Full or forbidden: the page goes on without.
    }
  }

  remove(key: string): void {
    try {
      localStorage.removeItem(this.prefix + key);
    } catch {
      // Forbidden: there was nothing.
    }
  }

  /** Keys that begin so, without the prefix. */
  keys(beginning: string): string[] {
    try {
      const start = this.prefix + beginning;
      return Object.keys(localStorage)
        .filter((key) => key.startsWith(start))
        .map((key) => key.slice(this.prefix.length));
    } catch {
      return [];
    }
  }
}
