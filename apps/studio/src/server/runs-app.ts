import { setTimeout } from "node:timers/promises";
import { pagePolicy, type RunsFolder } from "@lathe/report";
import { JsonError, parseJson, type Phrase, phrase, phraseOfError } from "@lathe/files";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import type { DetailsReply } from "../runs-api.js";
import type { ChatDesk } from "./chat-desk.js";
import { ChatRequestError, checkChat } from "./check-chat.js";
import { guard } from "./guard.js";
import type { LiveRuns } from "./live-runs.js";
import type { PageFiles } from "./page-files.js";
import type { Speaker } from "./speaker.js";
import type { StudioKey } from "./studio-key.js";

/** Bytes of a conversation at most. */
const MAXIMUM_BODY = 1024 * 1024;

/** Pages that may be open at once. */
const MOST_STREAMS = 64;

/** Runs whose metrics a page may watch at once. */
const MOST_WATCHED = 12;

/** Milliseconds between looks at the files. */
const PACE = 1000;

/** Milliseconds after which a page that there is nothing to tell is told that. */
const HEARTBEAT = 10_000;

/** What the server hands its requests on to. */
export interface RunsAppOptions {
  readonly folder: RunsFolder;
  readonly live: LiveRuns;
  readonly desk: ChatDesk;
  readonly key: StudioKey;
  readonly page: PageFiles;
  readonly speaker: Speaker;
  /** Values of `Host` that are taken. */
  readonly hosts: () => ReadonlySet<string>;
  /** Ends all streams. */
  readonly signal: AbortSignal;
}

/** The address of a page, which opens it and nothing else. */
export const pageLink = (key: StudioKey, id: string): string =>
  `/page/${key.signatureOf(id)}/${id.split("/").map(encodeURIComponent).join("/")}`;

/** A folder of runs over HTTP: the page, and what it asks for. The secret of the link comes as a bearer token. */
export function runsApp({ folder, live, desk, key, page, speaker, hosts, signal }: RunsAppOptions): Hono {
  const app = new Hono();
  let streams = 0;

  const isKnown = (context: Context): boolean => {
    const [, secret = ""] = /^Bearer ([\w-]{1,200})$/.exec(context.req.header("Authorization") ?? "") ?? [];
    return key.matches(secret);
  };
  const noRun = (context: Context): Response =>
    speaker.refuse(context, 404, "RunError", "expected the id of a run");
  const refuse = (context: Context): Response =>
    speaker.refuse(context, 401, "LinkError", "expected the secret of the link");
  /** Tells over time, until nobody listens. */
  const stream = (
    context: Context,
    tell: (stream: SSEStreamingApi, ended: AbortSignal) => Promise<void>,
  ): Response => {
    if (streams >= MOST_STREAMS) {
      return speaker.refuse(context, 503, "BusyError", "too many pages are open; close some");
    }
    streams++;
    context.header("X-Accel-Buffering", "no");
    return streamSSE(
      context,
      async (sse) => {
        const gone = new AbortController();
        sse.onAbort(() => gone.abort());
        try {
          await tell(sse, AbortSignal.any([gone.signal, signal]));
        } finally {
          streams--;
        }
      },
      // The stream ends, and the page asks again.
      () => Promise.resolve(),
    );
  };

  app.use(guard(hosts, speaker, "frame-src 'self'"));
  for (const [path, { type, text }] of Object.entries(page)) {
    app.get(path, (context) => context.body(text, 200, { "Content-Type": type }));
  }

  app.get("/api/live", (context) => {
    if (!isKnown(context)) return refuse(context);
    const ids = context.req.queries("run") ?? [];
    if (ids.length > MOST_WATCHED) {
      return speaker.refuse(context, 422, "WatchError", phrase`expected at most ${MOST_WATCHED} runs`);
    }
    return stream(context, async (sse, ended) => {
      const watch = live.watch(ids);
      let toldAt = performance.now();
      try {
        while (!ended.aborted) {
          const { events, hasMore } = await watch.next();
          for (const { name, data } of events) {
            await sse.writeSSE({ event: name, data: JSON.stringify(data) });
          }
          if (events.length > 0) toldAt = performance.now();
          if (performance.now() - toldAt >= HEARTBEAT) {
            await sse.write(": alive\n\n");
            toldAt = performance.now();
          }
          await setTimeout(hasMore ? 0 : PACE, undefined, { signal: ended }).catch(() => undefined);
        }
      } finally {
        watch.close();
      }
    });
  });

  app.get("/api/details", async (context) => {
    if (!isKnown(context)) return refuse(context);
    await live.refresh();
    const details = await folder.details(context.req.query("run") ?? "");
    return details === null ? noRun(context) : context.json(details satisfies DetailsReply);
  });

  app.post(
    "/api/chat",
    bodyLimit({
      maxSize: MAXIMUM_BODY,
      onError: (context) =>
        speaker.refuse(context, 413, "SizeError", phrase`expected at most ${MAXIMUM_BODY} bytes`),
    }),
    async (context) => {
      if (!isKnown(context)) return refuse(context);
      if (!/^application\/json\b/i.test(context.req.header("Content-Type") ?? "")) {
        return speaker.refuse(context, 415, "TypeError", "expected application/json");
      }
      const request = checkChat(parseJson(await context.req.text()));
      const path = folder.folderOf(request.run);
      if (path === null) return noRun(context);
      if (desk.isFull) return speaker.refuse(context, 429, "BusyError", "others are being answered");
      const { stamp } = folder.run(request.run)!;
      const say = (sentence: Phrase): string => speaker.say(context, sentence);
      return stream(context, async (sse, ended) => {
        for await (const { name, data } of desk.answer(path, stamp, request, say, ended)) {
          await sse.writeSSE({ event: name, data: JSON.stringify(data) });
        }
      });
    },
  );

  app.get("/page/:signature/:id{.+}", async (context) => {
    const { signature, id } = context.req.param();
    if (!key.isSigned(id, signature)) return refuse(context);
    const bytes = await folder.readPage(id);
    if (bytes === null) return speaker.refuse(context, 404, "PageError", "there is no such page");
    // Written by whoever wrote the folder: a document of no origin, in which only the scripts of Lathe's own pages run.
    return context.body(new Uint8Array(bytes), 200, {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": `${pagePolicy()}; frame-ancestors 'self'; sandbox allow-scripts`,
    });
  });

  app.notFound((context) => speaker.refuse(context, 404, "PathError", "expected a path of the page"));
  app.onError((error, context) => {
    if (error instanceof ChatRequestError) {
      return speaker.refuse(context, 422, error.name, phraseOfError(error), error.field);
    }
    if (error instanceof JsonError) return speaker.refuse(context, 400, error.name, phraseOfError(error));
    return speaker.refuse(context, 503, "ServerError", "the request could not be answered");
  });
  return app;
}
