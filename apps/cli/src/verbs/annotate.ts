import { option, UsageError, type VerbResult, whileServing } from "@lathe/command";
import {
  createStudy,
  exportAnswers,
  importAnswers,
  measureStudy,
  openStudy,
  readGold,
  readResponses,
  readStudy,
  type Study,
  type StudyResults,
  tellStudy,
} from "@lathe/annotate";
import { phrase } from "@lathe/files";
import { serveStudy } from "@lathe/studio";
import { z } from "zod";
import { defineVerb, type VerbContext } from "../define-verb.js";
import { addressOptions } from "../options/address-options.js";
import { rowsPath } from "../options/path-details.js";

const options = z.object({
  responses: option(
    z.array(z.string().min(1)).min(1).optional(),
    "files of replies, one a system, rows with id, prompt and response: .jsonl, .csv, .tsv, .parquet",
    { placeholder: "file", requiredText: "required for a new study" },
  ),
  annotators: option(z.int().min(1).max(1000).optional(), "people who judge, each with a link", {
    defaultText: "3",
  }),
  output: option(z.string().min(1).default("annotations"), "folder of the study; one that is there goes on", {
    placeholder: "DIR",
  }),
  perRow: option(z.int().min(1).optional(), "annotators that judge each row", { defaultText: "all" }),
  repeats: option(
    z.number().min(0).max(0.5).optional(),
    "share of rows that come a second time, for the annotator's own consistency",
    { placeholder: "share", defaultText: "0.05" },
  ),
  gold: option(
    z.string().min(1).optional(),
    "ratings known beforehand: rows with id, system, fluency, relevance, such as 4 or 4-5",
    rowsPath(),
  ),
  seed: option(z.int().min(0).optional(), "seed of the order of rows and replies", { defaultText: "0" }),
  ...addressOptions,
  results: option(z.string().min(1).optional(), "show the results of the study in this folder instead", {
    placeholder: "DIR",
  }),
  export: option(z.string().min(1).optional(), "with --results: write all answers, .csv or .jsonl", {
    placeholder: "file",
  }),
  import: option(
    z.string().min(1).optional(),
    "with --results: add answers of such a file first",
    rowsPath(),
  ),
});

/** Options of a new study: with results they have no meaning. */
const forStudies = [
  ...["responses", "annotators", "output", "perRow", "repeats"],
  ...["gold", "seed", "host", "port"],
] as const;

export const verb = defineVerb({
  description:
    "Serves a page on which people judge replies, blind, from 1 to 5, and say which they prefer: a secret link for each of them, one for who settles disagreements, one for the results. Each answer is on the disk before it is acknowledged. The same command goes on where it was ended, with the same links.",
  examples: [
    "lathe annotate --responses base.jsonl tuned.jsonl --annotators 3 --output runs/study",
    "lathe annotate --results runs/study --export runs/answers.csv",
  ],
  options,
  async run(values, context) {
    const { results } = values;
    checkTogether(values, context);
    if (results !== undefined) return showResults(results, values, context);
    const study = await studyOf(values);
    try {
      await serve(study, values, context);
      const data = study.data();
      return {
        json: { ...annotationJson(measureStudy(data)), output: values.output },
        text: context.messages.answersIn(data.answers.length, values.output),
      };
    } finally {
      await study.close();
    }
  },
});

/** The results as scripts read them: `annotators` is how many have answered, `byAnnotator` what each of them is like. */
function annotationJson({ annotators, ...results }: StudyResults): Record<string, unknown> {
  return {
    ...results,
    annotators: annotators.filter(({ answers }) => answers > 0).length,
    byAnnotator: annotators,
  };
}

type Values = z.output<typeof options>;

function checkTogether(values: Values, { given }: VerbContext): void {
  if (values.results === undefined) {
    if (values.export === undefined && values.import === undefined) return;
    const flag = values.export === undefined ? "--import" : "--export";
    throw new UsageError([phrase`${flag} goes with ${"--results"}`], "annotate");
  }
  const other = forStudies.find((key) => given.has(key));
  if (other !== undefined) {
    throw new UsageError(
      [phrase`${"--results"} shows a study that is there; ${other} is for a new one`],
      "annotate",
    );
  }
}

/** The study that is there, or a new one. */
async function studyOf({ responses: files, gold, output, ...settings }: Values): Promise<Study> {
  if (files === undefined) return openStudy(output);
  const responses = await readResponses(files);
  return createStudy(output, gold === undefined ? responses : await readGold(gold, responses), settings);
}

async function serve(study: Study, { host, port, output }: Values, context: VerbContext): Promise<void> {
  const { io, messages, signal } = context;
  const served = await serveStudy(study, { host, port });
  const say = (): void => {
    const lines = served.links.map(
      ({ name, role, link }) => `${messages.annotationRoles[role](name)}: ${link}\n`,
    );
    io.stdout.write(lines.join(""));
    context.note(messages.annotationServed(output));
  };
  await whileServing(signal, say, () => served.close());
}

async function showResults(
  folder: string,
  values: Values,
  { messages, note }: VerbContext,
): Promise<VerbResult> {
  if (values.import !== undefined) {
    const study = await openStudy(folder);
    try {
      const { stored, known, conflicts } = await importAnswers(study, values.import);
      note(messages.answersImported(stored, known, conflicts));
    } finally {
      await study.close();
    }
  }
  const data = await readStudy(folder);
  if (values.export !== undefined) await exportAnswers(data, values.export);
  const results = measureStudy(data);
  return { json: annotationJson(results), text: tellStudy(results) };
}
