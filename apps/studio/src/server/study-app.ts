import {
  AnswerError,
  checkSubmission,
  formatAnswers,
  measureStudy,
  type Member,
  pairsOf,
  reorderContent,
  type Role,
  type ShownTask,
  type Study,
  type StudyResults,
} from "@lathe/annotate";
import { JsonError, parseJson, phrase, phraseOfError } from "@lathe/files";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type {
  AnswerReply,
  DisputeReply,
  DisputesReply,
  ResultsReply,
  SessionReply,
  TaskReply,
} from "../api.js";
import { guard } from "./guard.js";
import type { PageFiles } from "./page-files.js";
import type { Speaker } from "./speaker.js";

/** Bytes of an answer at most: a comment of the longest kind in any script, and some. */
const MAXIMUM_BODY = 64 * 1024;

/** What the server hands its requests on to. */
export interface StudyAppOptions {
  readonly study: Study;
  readonly page: PageFiles;
  readonly speaker: Speaker;
  /** Values of `Host` that are taken. */
  readonly hosts: () => ReadonlySet<string>;
}

/** The study over HTTP: the page, and what it asks for. The secret of a link comes as a bearer token. */
export function studyApp({ study, page, speaker, hosts }: StudyAppOptions): Hono {
  const app = new Hono();
  const results = latestResults(study);

  /** Runs the handler for a member with one of the roles. */
  const as =
    (roles: readonly Role[], handle: (context: Context, member: Member) => Response | Promise<Response>) =>
    async (context: Context): Promise<Response> => {
      const [, secret = ""] = /^Bearer ([\w-]{1,200})$/.exec(context.req.header("Authorization") ?? "") ?? [];
      const member = study.memberWith(secret);
      if (member === null) return speaker.refuse(context, 401, "LinkError", "expected the secret of a link");
      if (!roles.includes(member.role)) {
        return speaker.refuse(
          context,
          403,
          "RoleError",
          phrase`expected the link of one who is ${roles.join(" or ")}`,
        );
      }
      return handle(context, member);
    };
  const taskReply = (member: Member, task: ShownTask | null): TaskReply => ({
    task: task && { ...task, pairs: pairsOf(task.replies.length) },
    progress: study.progress(member),
  });

  app.use(guard(hosts, speaker));
  for (const [path, { type, text }] of Object.entries(page)) {
    app.get(path, (context) => context.body(text, 200, { "Content-Type": type }));
  }

  app.get(
    "/api/session",
    as(["annotator", "adjudicator", "coordinator"], (context, member) =>
      context.json({
        name: member.name,
        role: member.role,
        study: study.settings.responses.slice(0, 16),
        progress: study.progress(member),
      } satisfies SessionReply),
    ),
  );

  app.get(
    "/api/tasks/next",
    as(["annotator"], (context, member) => {
      const next = study.nextPosition(member);
      return context.json(taskReply(member, next === null ? null : study.taskAt(member, next)));
    }),
  );

  app.get(
    "/api/tasks/:position{[0-9]{1,9}}",
    as(["annotator"], (context, member) => {
      const task = study.taskAt(member, Number(context.req.param("position")));
      if (task === null) return speaker.refuse(context, 404, "TaskError", "expected the place of a task");
      return context.json(taskReply(member, task));
    }),
  );

  app.post(
    "/api/answers",
    bodyLimit({
      maxSize: MAXIMUM_BODY,
      onError: (context) =>
        speaker.refuse(context, 413, "SizeError", phrase`expected at most ${MAXIMUM_BODY} bytes`),
    }),
    as(["annotator", "adjudicator"], async (context, member) => {
      if (!/^application\/json\b/i.test(context.req.header("Content-Type") ?? "")) {
        return speaker.refuse(context, 415, "TypeError", "expected application/json");
      }
      const receipt = await study.submit(member, checkSubmission(parseJson(await context.req.text())));
      return context.json({ ...receipt, progress: study.progress(member) } satisfies AnswerReply);
    }),
  );

  app.get(
    "/api/results",
    as(["coordinator"], (context) =>
      context.json({
        results: results(),
        progress: study
          .members()
          .filter(({ role }) => role === "annotator")
          .map((member) => ({ name: member.name, ...study.progress(member) })),
      } satisfies ResultsReply),
    ),
  );

  for (const [form, type] of [
    ["csv", "text/csv; charset=utf-8"],
    ["jsonl", "application/jsonl; charset=utf-8"],
  ] as const) {
    app.get(
      `/api/answers.${form}`,
      as(["coordinator"], (context) =>
        context.body(formatAnswers(study.data(), form), 200, {
          "Content-Type": type,
          "Content-Disposition": `attachment; filename="answers.${form}"`,
        }),
      ),
    );
  }

  app.get(
    "/api/disputes",
    as(["adjudicator"], (context) =>
      // What was just settled must not be asked again.
      context.json({ disputed: results(0).disputed } satisfies DisputesReply),
    ),
  );

  app.get(
    "/api/disputes/:row{[0-9]{1,9}}",
    as(["adjudicator"], (context, member) => {
      const row = Number(context.req.param("row"));
      const order = study.systemsAt(member, row);
      if (order === null) return speaker.refuse(context, 404, "TaskError", "expected the place of a task");
      const judgements = study
        .data()
        .answers.filter((answer) => answer.row === row && answer.kind === "row")
        .map(({ annotator, content, systems }) => ({
          annotator,
          content: reorderContent(content, systems, order),
        }));
      return context.json({
        ...taskReply(member, study.taskAt(member, row)),
        judgements,
      } satisfies DisputeReply);
    }),
  );

  app.notFound((context) => speaker.refuse(context, 404, "PathError", "expected a path of the page"));
  app.onError((error, context) => {
    if (error instanceof AnswerError) {
      return speaker.refuse(context, 422, error.name, phraseOfError(error), error.field);
    }
    if (error instanceof JsonError) return speaker.refuse(context, 400, error.name, phraseOfError(error));
    // Such as a full disk: the page keeps the answer and sends it again.
    return speaker.refuse(context, 503, "ServerError", "the answer could not be stored");
  });
  return app;
}

/** Milliseconds for which results of fewer answers are good enough: they take a while to make of many. */
const RESULTS_AGE = 2000;

/** Gives results that no answer is missing from but those of the last so many milliseconds. */
function latestResults(study: Study): (age?: number) => StudyResults {
  let latest: { readonly results: StudyResults; readonly changes: number; readonly madeAt: number } | null =
    null;
  return (age = RESULTS_AGE) => {
    const isFresh =
      latest !== null && (latest.changes === study.changes || performance.now() - latest.madeAt < age);
    if (latest === null || !isFresh) {
      const { changes } = study;
      latest = { results: measureStudy(study.data()), changes, madeAt: performance.now() };
    }
    return latest.results;
  };
}
