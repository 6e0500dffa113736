import { type Phrase, sayPhrase, type Translations } from "@lathe/files";
import type { Context } from "hono";

type RefusalStatus = 400 | 401 | 403 | 404 | 405 | 413 | 415 | 421 | 422 | 429 | 503;

/** Says sentences to pages in the language that each has: it goes along with every request as `Accept-Language`. */
export class Speaker {
  /** @param chinese what stands for sentences in Chinese, by the English; what is missing stays English */
  constructor(private readonly chinese: Translations = {}) {}

  say({ req }: Context, sentence: string | Phrase): string {
    const isChinese = /^\s*zh\b/i.test(req.header("Accept-Language") ?? "");
    return sayPhrase(sentence, isChinese ? this.chinese : {});
  }

  /**
   * A refusal as the page reads it.
   * @param name of the error
   * @param field at fault, if it is known
   */
  refuse(
    context: Context,
    status: RefusalStatus,
    name: string,
    sentence: string | Phrase,
    field?: string,
  ): Response {
    const message = this.say(context, sentence);
    return context.json(
      { error: field === undefined ? { name, message } : { name, message, field } },
      status,
    );
  }
}
