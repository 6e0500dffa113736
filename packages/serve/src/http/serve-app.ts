import type { IncomingMessage, ServerResponse } from "node:http";
import { isInputError } from "@lathe/files";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { ApiError, invalidRequest } from "../openai/api-error.js";
import { chatChunks, chatCompletion, type ReplyFrame } from "../openai/chat-reply.js";
import { chatRequest } from "../openai/chat-request.js";
import { completion, completionChunks } from "../openai/completion-reply.js";
import { completionRequest } from "../openai/completion-request.js";
import { readBody } from "../openai/read-body.js";
import type { ReplyMaker } from "../openai/reply-maker.js";
import type { CommonRequest } from "../openai/request-fields.js";
import { type ChoiceRequest, type ReplyEvent, startReplies } from "../replies/reply-events.js";
import { OverloadedError, type ReplyScheduler, StoppingError } from "../replies/reply-scheduler.js";
import type { ModelLease, ServedModels } from "../replies/served-models.js";
import { hostCheck, keyCheck } from "./access.js";
import { eventStream } from "./event-stream.js";
import type { ServerMetrics } from "./server-metrics.js";

/** Seconds after which one that found no place may ask again. */
const RETRY_SECONDS = 1;

/** What an answered request was, without a word of what was said. */
export interface AnsweredRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Until the answer began. */
  readonly seconds: number;
}

/** What an {@link serveApp} answers with. */
export interface ServeAppOptions {
  readonly models: ServedModels;
  readonly scheduler: ReplyScheduler;
  readonly maker: ReplyMaker;
  readonly metrics: ServerMetrics;
  /** The key that requests must bear; null for none. */
  readonly apiKey: string | null;
  /** Names besides those of this machine that a `Host` header may have; null for any. */
  readonly allowedHosts: readonly string[] | null;
  /** Bytes of a body at most. */
  readonly maxBodyBytes: number;
  /** Seconds that a reply may take, with the time that it waits. */
  readonly deadlineSeconds: number;
  readonly onRequest?: ((request: AnsweredRequest) => void) | undefined;
  /** Hears of errors that are no client's fault. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Node's own request and response, which the adapter of Node hands on. */
interface Bindings {
  readonly incoming?: IncomingMessage;
  readonly outgoing?: ServerResponse;
}
type ServeContext = Context<{ Bindings: Bindings }>;

/** The client has gone. */
class ClientGoneError extends Error {
  override readonly name = "ClientGoneError";
}

/** A reply took longer than it may. */
class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

/** Aborts when the client goes before it has its answer, and when the time of the reply is over. */
function replySignal(
  { env, req }: ServeContext,
  seconds: number,
): { readonly signal: AbortSignal; readonly done: () => void } {
  const control = new AbortController();
  const { outgoing } = env ?? {};
  const gone = (): void => {
    if (!outgoing?.writableFinished) control.abort(new ClientGoneError("the client has gone"));
  };
  if (outgoing) outgoing.once("close", gone);
  else req.raw.signal.addEventListener("abort", gone, { once: true });
  const timer = setTimeout(
    () => control.abort(new DeadlineError(`the reply took longer than ${seconds} s`)),
    seconds * 1000,
  );
  timer.unref();
  return { signal: control.signal, done: () => clearTimeout(timer) };
}

/** The error in OpenAI's form; what is no client's fault is told to `onError` and not to the client. */
function asApiError(error: unknown, onError: ServeAppOptions["onError"]): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof OverloadedError) {
    const fault = {
      status: 429,
      type: "requests",
      code: "rate_limit_exceeded",
      retryAfter: RETRY_SECONDS,
    } as const;
    return new ApiError("All places are taken; ask again in a moment.", fault, { cause: error });
  }
  if (error instanceof StoppingError) {
    return new ApiError(
      "The server is stopping.",
      { status: 503, type: "server_error", code: "stopping" },
      { cause: error },
    );
  }
  if (error instanceof DeadlineError) {
    return new ApiError(
      `${error.message}.`,
      { status: 504, type: "server_error", code: "timeout" },
      { cause: error },
    );
  }
  if (isInputError(error)) return invalidRequest(undefined, `${error.message}.`);
  if (!(error instanceof ClientGoneError)) onError?.(error);
  return new ApiError("The server failed.", { status: 500, type: "server_error" }, { cause: error });
}

function errorResponse(context: ServeContext, error: ApiError): Response {
  const { status, retryAfter } = error.fault;
  if (retryAfter !== undefined) context.header("Retry-After", String(retryAfter));
  if (status === 401) context.header("WWW-Authenticate", "Bearer");
  return context.json(error.toJSON(), status);
}

/** The routes of the server. It binds no port: whoever has an adapter for a runtime may serve it. */
export function serveApp(options: ServeAppOptions): Hono<{ Bindings: Bindings }> {
  const {
    models,
    scheduler,
    maker,
    metrics,
    apiKey,
    allowedHosts,
    maxBodyBytes,
    deadlineSeconds,
    onRequest,
    onError,
  } = options;
  const started = Math.floor(Date.now() / 1000);
  const app = new Hono<{ Bindings: Bindings }>();
  const isAllowedHost = allowedHosts === null ? () => true : hostCheck(allowedHosts);
  const hasKey = apiKey === null ? () => true : keyCheck(apiKey);
  const routes = new Set(["/v1/chat/completions", "/v1/completions", "/v1/models", "/health", "/metrics"]);

  app.use(async (context, next) => {
    const start = performance.now();
    await next();
    const { method, path } = context.req;
    const { status } = context.res;
    // Paths that are not known are of the client's making: they do not become names of metrics.
    metrics.request(routes.has(path) ? path : "other", status);
    onRequest?.({
      method,
      path: routes.has(path) ? path : "other",
      status,
      seconds: (performance.now() - start) / 1000,
    });
  });
  app.onError((error, context) => errorResponse(context, asApiError(error, onError)));
  app.notFound((context) => {
    const fault = { status: 404, type: "invalid_request_error", code: "unknown_url" } as const;
    return errorResponse(context, new ApiError("There is nothing at this address.", fault));
  });
  app.use(async (context, next) => {
    if (!isAllowedHost(context.req.header("host"))) {
      throw new ApiError("The Host header names another machine.", {
        status: 403,
        type: "invalid_request_error",
        code: "host_not_allowed",
      });
    }
    if (context.req.path !== "/health" && !hasKey(context.req.header("authorization"))) {
      throw new ApiError("The API key is missing or wrong.", {
        status: 401,
        type: "invalid_request_error",
        code: "invalid_api_key",
      });
    }
    await next();
  });
  app.use(
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: () => {
        throw new ApiError(`The body is larger than ${maxBodyBytes} bytes.`, {
          status: 413,
          type: "invalid_request_error",
          code: "request_too_large",
        });
      },
    }),
  );

  app.get("/health", (context) => {
    const { running, waiting, isStopping } = scheduler;
    return context.json({ status: isStopping ? "stopping" : "ok", running, waiting }, isStopping ? 503 : 200);
  });
  app.get("/metrics", (context) => {
    context.header("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    return context.body(metrics.text(scheduler));
  });
  const modelShape = ({ id, parent }: { id: string; parent: string | null }): object => ({
    id,
    object: "model",
    created: started,
    owned_by: "lathe",
    ...(parent === null ? {} : { parent }),
  });
  const unknownModel = (name: string): ApiError =>
    new ApiError(
      `There is no model ${JSON.stringify(name.slice(0, 100))}; /v1/models lists those that there are.`,
      {
        status: 404,
        type: "invalid_request_error",
        code: "model_not_found",
        param: "model",
      },
    );
  app.get("/v1/models", (context) => context.json({ object: "list", data: models.names().map(modelShape) }));
  app.get("/v1/models/:name", (context) => {
    const name = context.req.param("name");
    const model = models.names().find(({ id }) => id === name);
    if (!model) throw unknownModel(name);
    return context.json(modelShape(model));
  });

  /** Has replies computed and answers with them, whole or in chunks. */
  const answer = async (
    context: ServeContext,
    request: CommonRequest & { readonly hasLogprobs: boolean; readonly callsOnce: boolean },
    make: (lease: ModelLease) => {
      readonly prompts: readonly (readonly number[])[];
      readonly choices: readonly ChoiceRequest[];
    },
    shapes: {
      readonly whole: (events: AsyncIterable<readonly ReplyEvent[]>, frame: ReplyFrame) => Promise<object>;
      readonly chunks: (
        events: AsyncIterable<readonly ReplyEvent[]>,
        frame: ReplyFrame,
      ) => AsyncGenerator<readonly object[], void, undefined>;
    },
  ): Promise<Response> => {
    if (scheduler.isStopping) throw new StoppingError();
    const lease: ModelLease | null = await models.lease(request.model);
    if (!lease) throw unknownModel(request.model);
    const { signal, done } = replySignal(context, deadlineSeconds);
    const release = (): void => {
      done();
      lease.release();
    };
    let events: AsyncGenerator<readonly ReplyEvent[], void, undefined>;
    let frame: ReplyFrame;
    try {
      const { prompts, choices } = make(lease);
      const promptTokens = prompts.reduce((sum, { length }) => sum + length, 0);
      frame = {
        tokenizer: models.tokenizer,
        model: request.model,
        count: choices.length,
        usage: { promptTokens, cachedTokens: 0, completionTokens: 0 },
        hasLogprobs: request.hasLogprobs,
        includesUsage: request.stream_options?.include_usage === true,
        callsOnce: request.callsOnce,
      };
      // A client that goes before the first of its events leaves them unheard: the replies themselves say when they have ended.
      const settled = (finished: number): void => {
        metrics.abortedReplies += choices.length - finished;
        release();
      };
      events = counted(startReplies(scheduler, choices, signal, settled), frame);
    } catch (error) {
      release();
      throw error;
    }
    if (request.stream !== true) return context.json(await shapes.whole(events, frame));
    context.header("Content-Type", "text/event-stream; charset=utf-8");
    context.header("Cache-Control", "no-cache");
    context.header("X-Accel-Buffering", "no");
    return context.body(eventStream(shapes.chunks(events, frame), (error) => asApiError(error, onError)));
  };

  /** The events of replies, counted as they pass. */
  async function* counted(
    batches: AsyncGenerator<readonly ReplyEvent[], void, undefined>,
    { usage }: ReplyFrame,
  ): AsyncGenerator<readonly ReplyEvent[], void, undefined> {
    const start = performance.now();
    let hasToken = false;
    metrics.promptTokens += usage.promptTokens;
    for await (const events of batches) {
      for (const event of events) {
        if (event.type === "begin") {
          usage.cachedTokens += event.cachedTokens;
          metrics.cachedTokens += event.cachedTokens;
        } else if (!hasToken) {
          hasToken = true;
          metrics.firstToken((performance.now() - start) / 1000);
        }
        if (event.type === "end") {
          usage.completionTokens += event.tokens;
          metrics.generatedTokens += event.tokens;
        }
      }
      yield events;
    }
  }

  app.post("/v1/chat/completions", async (context) => {
    const request = readBody(await context.req.text(), chatRequest);
    const asked = {
      ...request,
      hasLogprobs: request.logprobs === true,
      callsOnce: request.parallel_tool_calls === false,
    };
    const make = (lease: ModelLease) => {
      const { prompt, choices } = maker.chat(request, lease);
      return { prompts: [prompt], choices };
    };
    return await answer(context, asked, make, { whole: chatCompletion, chunks: chatChunks });
  });
  app.post("/v1/completions", async (context) => {
    const request = readBody(await context.req.text(), completionRequest);
    const asked = { ...request, hasLogprobs: request.logprobs != null, callsOnce: false };
    return await answer(context, asked, ({ group }) => maker.completions(request, group), {
      whole: completion,
      chunks: completionChunks,
    });
  });
  return app;
}
