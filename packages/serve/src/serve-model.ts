import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { asPhrase, InputError, type Phrase, phrase, sayPhrase } from "@lathe/files";
import { readGenerationDefaults } from "@lathe/model";
import { type EngineOptions, openModel, type RecipeHooks } from "@lathe/recipes";
import type { CacheFormat } from "@lathe/tensor";
import { isLoopback } from "./http/access.js";
import { Connections } from "./http/connections.js";
import { type AnsweredRequest, serveApp } from "./http/serve-app.js";
import { ServerMetrics } from "./http/server-metrics.js";
import { ReplyMaker } from "./openai/reply-maker.js";
import type { ReasoningRule } from "./reading/reply-reader.js";
import { ReplyScheduler } from "./replies/reply-scheduler.js";
import { type NamedAdapter, ServedModels } from "./replies/served-models.js";

/** Defaults of {@link ServeModelOptions}. */
export const serveDefaults = {
  host: "127.0.0.1",
  port: 8080,
  batchSize: 8,
  queueSize: 64,
  cacheTokens: 32_768,
  maxNewTokens: 2048,
  deadlineSeconds: 600,
  maxBodyBytes: 4 * 2 ** 20,
  reasoning: "apart",
} as const;

/** Milliseconds that a client may take nothing of its answer when the server stops. */
const CLOSING_MS = 2000;

/** How {@link serveModel} serves; what is left out is as {@link serveDefaults} has it. */
export interface ServeModelOptions extends EngineOptions, RecipeHooks {
  /** Model folder. */
  readonly model: string;
  /** The base model's name. @defaultValue that of its folder */
  readonly name?: string | undefined;
  readonly adapters?: readonly NamedAdapter[] | undefined;
  /** Address to listen at: of this machine alone unless there is an API key. */
  readonly host?: string | undefined;
  /** 0 for any that is free. */
  readonly port?: number | undefined;
  /** Key that requests must bear as `Authorization: Bearer`; none for no key. */
  readonly apiKey?: string | undefined;
  /** Names besides those of this machine that requests may call the server by, where it listens at an address of this machine alone. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Replies computed at one time, and those that wait for a place at most; more are refused with 429. */
  readonly batchSize?: number | undefined;
  readonly queueSize?: number | undefined;
  /** Tokens whose keys and values are held at most, of replies under way and of texts kept for those that begin alike. */
  readonly cacheTokens?: number | undefined;
  /** New tokens of a reply where its request does not say. */
  readonly maxNewTokens?: number | undefined;
  /** Seconds that a reply may take, with the time that it waits. */
  readonly deadlineSeconds?: number | undefined;
  /** Bytes of a request at most. */
  readonly maxBodyBytes?: number | undefined;
  /** What becomes of what a model thinks before it answers. */
  readonly reasoning?: ReasoningRule | undefined;
  /** How keys and values are kept. */
  readonly cache?: CacheFormat | "auto" | undefined;
  /** Hears of each answered request; nothing of what was said is in it. */
  readonly onRequest?: ((request: AnsweredRequest) => void) | undefined;
  /** Hears of errors that are no client's fault. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** A model that is being served. */
export interface ModelServer {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Names of the base and its adapters. */
  readonly names: readonly string[];
  /** Takes no more requests, lets those under way end, and frees the model. A second call waits for the first. */
  stop(): Promise<void>;
}

/**
 * Serves a model and its adapters behind OpenAI's HTTP interface: `/v1/chat/completions`, `/v1/completions`, `/v1/models`, and
 * `/health` and `/metrics` beside it.
 *
 * @throws InputError for a model without tokenizer, names given twice, an address that cannot be listened at, or one that others reach
 * without an API key
 * @throws EngineError and what reading a model and adapters throws
 * @throws the signal's reason when it aborts before the server listens
 */
export async function serveModel(options: ServeModelOptions): Promise<ModelServer> {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings = { ...serveDefaults, ...given } as ServeModelOptions & typeof serveDefaults;
  const { host, port, apiKey, batchSize, queueSize, cacheTokens, maxNewTokens, cache, signal, onEvent } =
    settings;
  if (!isLoopback(host) && apiKey === undefined) {
    throw new InputError(
      phrase`host ${host}: others reach this address, so an API key is needed; give one, or listen at 127.0.0.1`,
    );
  }
  const { engine, precision, quantize } = options;
  const opened = await openModel(options.model, { engine, precision, quantize, cache, signal, onEvent });
  const onWarning = (warning: string | Phrase): void =>
    onEvent?.({ type: "warning", message: sayPhrase(warning), phrase: asPhrase(warning) });
  try {
    // The scheduler and the models know each other: of an adapter that is gone, no texts are kept.
    let scheduler: ReplyScheduler | null = null;
    const models = await ServedModels.open(opened, options.adapters ?? [], {
      name: options.name,
      onWarning,
      onGone: (group) => scheduler?.forget(group),
    });
    const metrics = new ServerMetrics();
    scheduler = new ReplyScheduler(opened.model, {
      batchSize,
      queueSize,
      cacheTokens,
      cache,
      arrange: models.arrange,
      onStep: (seconds, replies) => metrics.step(seconds, replies),
    });
    const { sampling } = await readGenerationDefaults(opened.path);
    const maker = new ReplyMaker(models, {
      defaults: sampling,
      reasoning: settings.reasoning,
      maxNewTokens,
      maxChoices: batchSize,
      contextTokens: Math.min(opened.config.maxPositions, cacheTokens),
    });
    const app = serveApp({
      models,
      scheduler,
      maker,
      metrics,
      apiKey: apiKey ?? null,
      allowedHosts: isLoopback(host) ? (options.allowedHosts ?? []) : null,
      maxBodyBytes: settings.maxBodyBytes,
      deadlineSeconds: settings.deadlineSeconds,
      onRequest: options.onRequest,
      onError: options.onError,
    });
    signal?.throwIfAborted();
    const answer = getRequestListener(app.fetch);
    const server = createServer((request, response) => void answer(request, response));
    const connections = new Connections(server, {
      idleMs: 2000 * settings.deadlineSeconds + CLOSING_MS,
      closingMs: CLOSING_MS,
    });
    await listen(server, host, port);
    let stopped: Promise<void> | null = null;
    const stop = async (): Promise<void> => {
      await scheduler.stop();
      await connections.close();
      scheduler.dispose();
      opened.dispose();
    };
    const { port: bound } = server.address() as AddressInfo;
    return {
      url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
      names: models.names().map(({ id }) => id),
      stop: () => (stopped ??= stop()),
    };
  } catch (error) {
    opened.dispose();
    throw error;
  }
}

/** @throws InputError where the address is taken or none of this machine */
async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why = {
        EADDRINUSE: "another program listens there",
        EADDRNOTAVAIL: "it is no address of this machine",
        EACCES: "it is not allowed",
      }[error.code ?? ""];
      reject(
        why === undefined
          ? error
          : new InputError(phrase`cannot listen at ${host}, port ${port}: ${asPhrase(why)}`, {
              cause: error,
            }),
      );
    });
    server.listen(port, host, resolve);
  });
}
