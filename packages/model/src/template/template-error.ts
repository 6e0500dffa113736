/** What a template cannot do, in Python's words; whoever renders says where the template is. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";

  constructor(
    /** The class of the exception that Jinja in Python would raise, such as `TypeError` or `UndefinedError`. */
    readonly kind: string,
    message: string,
    /** Line of the template, counted from 1, where that is known. */
    readonly line?: number,
  ) {
    super(message);
  }
}

/** A Python `TypeError`. */
export const typeError = (message: string): TemplateError => new TemplateError("TypeError", message);

/** A Python `ValueError`. */
export const valueError = (message: string): TemplateError => new TemplateError("ValueError", message);

/** A template that does not parse. */
export const syntaxError = (message: string, line: number): TemplateError =>
  new TemplateError("TemplateSyntaxError", message, line);
