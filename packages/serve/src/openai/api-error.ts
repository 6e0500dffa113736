/** What went wrong with a request, in the form in which OpenAI's interface says it. */
export interface ApiFault {
  /** HTTP status. */
  readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 500 | 503 | 504;
  /** Kind of error, such as `invalid_request_error`. */
  readonly type: string;
  /** For programs, such as `model_not_found`. */
  readonly code?: string;
  /** The field at fault, such as `messages[0].content`. */
  readonly param?: string;
  /** Seconds after which to ask again. */
  readonly retryAfter?: number;
}

/** A request is refused, or its reply fails. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    message: string,
    readonly fault: ApiFault,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The body of the answer. */
  toJSON(): { readonly error: Readonly<Record<"message" | "type" | "param" | "code", string | null>> } {
    const { type, param = null, code = null } = this.fault;
    return { error: { message: this.message, type, param, code } };
  }
}

/** A field of the request is not what it should be. */
export const invalidRequest = (param: string | undefined, message: string, code?: string): ApiError =>
  new ApiError(message, {
    status: 400,
    type: "invalid_request_error",
    ...(param === undefined ? {} : { param }),
    ...(code === undefined ? {} : { code }),
  });
