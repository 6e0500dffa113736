import { UsageError, type VerbResult, whileServing } from "@lathe/command";
import {
  createStudy,
  exportAnswers,
  importAnswers,
  measureStudy,
  openStudy,
  readGold,
  readResponses,
  readStudy,
  type Role,
  type Study,
  studyRecord,
  tellStudy,
} from "@lathe/annotate";
import { type Phrase, phrase, sayPhrase } from "@lathe/files";
import { serveStudy } from "@lathe/studio";
import { annotateOptions } from "@lathe/recipes/options";
import type { z } from "zod";
import { defineVerb, type VerbContext } from "../define-verb.js";
import { zhPhrases } from "../messages/zh-phrases.js";

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
  options: annotateOptions,
  async run(values, context) {
    const { results } = values;
    checkTogether(values, context);
    if (results !== undefined) return showResults(results, values, context);
    const study = await studyOf(values);
    try {
      await serve(study, values, context);
      const data = study.data();
      return {
        json: { ...studyRecord(measureStudy(data)), output: values.output },
        text: [answersIn(data.answers.length, values.output)],
      };
    } finally {
      await study.close();
    }
  },
});

type Values = z.output<typeof annotateOptions>;

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

const answersIn = (answers: number, folder: string): Phrase =>
  answers === 1 ? phrase`${1} answer in ${folder}` : phrase`${answers} answers in ${folder}`;

/** Whose a link is. */
function roleName(role: Role, name: string): Phrase {
  if (role === "annotator") return phrase`${name}`;
  return role === "adjudicator" ? phrase`to settle disagreements` : phrase`to see the results`;
}

/** The study that is there, or a new one. */
async function studyOf({ responses: files, gold, output, ...settings }: Values): Promise<Study> {
  if (files === undefined) return openStudy(output);
  const responses = await readResponses(files);
  return createStudy(output, gold === undefined ? responses : await readGold(gold, responses), settings);
}

async function serve(study: Study, { host, port, output }: Values, context: VerbContext): Promise<void> {
  const { io, messages, signal } = context;
  const served = await serveStudy(study, { host, port, translations: zhPhrases });
  const say = (): void => {
    const lines = served.links.map(
      ({ name, role, link }) => `${sayPhrase(roleName(role, name), messages.phrases)}: ${link}\n`,
    );
    io.stdout.write(lines.join(""));
    context.note(
      phrase`answers go to ${output}; Ctrl-C ends, and the same command goes on with the same links`,
    );
  };
  await whileServing(signal, say, () => served.close());
}

async function showResults(folder: string, values: Values, { note }: VerbContext): Promise<VerbResult> {
  if (values.import !== undefined) {
    const study = await openStudy(folder);
    try {
      const { stored, known, conflicts } = await importAnswers(study, values.import);
      note(
        phrase`${stored} answers added, ${known} known before, ${conflicts} left out because another one stands`,
      );
    } finally {
      await study.close();
    }
  }
  const data = await readStudy(folder);
  if (values.export !== undefined) await exportAnswers(data, values.export);
  const results = measureStudy(data);
  return { json: studyRecord(results), text: tellStudy(results) };
}
