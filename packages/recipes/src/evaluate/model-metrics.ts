import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  asRuled,
  type JudgeOptions,
  type JudgeReport,
  judgeSystems,
  type ReasoningRule,
  type RowMetric,
  rowMetricTable,
} from "@lathe/eval";
import { cosineSimilarity, embedTexts, textTokens, type TextTokens } from "@lathe/eval/model";
import { hashFile } from "@lathe/files";
import { borrowModel, type EngineOptions } from "../model/open-model.js";
import { readModelFolder } from "../model/model-folder.js";
import { expectation, RecipeError } from "../recipe-error.js";
import { progressOf, type RecipeHooks } from "../recipe-event.js";

/** Metrics that a model is needed for. */
export interface ModelMetricsOptions {
  /** A model that judges the replies, behind an interface as OpenAI's. @defaultValue none: nothing leaves the machine */
  readonly judge?: JudgeOptions | undefined;
  /**
   * File that the judge's answers are appended to before they count; those it holds are not asked for again.
   * @defaultValue `judge.jsonl` in `output`; without one they are not kept
   */
  readonly judgeAnswers?: string | undefined;
  /** Model folder of the metric `embedding`. */
  readonly embeddingModel?: string | undefined;
}

/** A row as it is scored. */
export interface ScoredRow {
  /** What was asked; null where it is not known. */
  readonly question: string | null;
  readonly references: readonly string[];
  /** One a system. */
  readonly replies: readonly string[];
}

/** What {@link measureModelMetrics} is asked for. */
export interface ModelMetricsRequest extends ModelMetricsOptions, EngineOptions, RecipeHooks {
  readonly metrics: readonly string[];
  /** Names of the systems. */
  readonly systems: readonly string[];
  readonly language: "en" | "zh";
  readonly reasoning: ReasoningRule;
  /** How many rows there are. */
  readonly count: number;
  /** Goes through the rows, as often as it is asked. */
  readonly rows: () => AsyncIterable<ScoredRow>;
}

/** Tokens that are embedded at one time; a longer row is embedded alone. */
const TOKENS_AT_ONCE = 2048;

/** Characters of a hash in a signature. */
const SHOWN_HASH = 12;

/** Metrics by who measures them: those of texts alone, and whether texts are embedded. @throws RecipeError */
export function textMetricsOf(
  metrics: readonly string[],
  { judge, embeddingModel }: ModelMetricsOptions,
): { readonly texts: readonly string[]; readonly isEmbedding: boolean } {
  const plain = (name: string): string => name.trim().toLowerCase().replaceAll("_", "-");
  const named = new Set(metrics.map(plain).filter((name) => Object.hasOwn(rowMetricTable, name)));
  const isEmbedding = named.delete("embedding");
  if (isEmbedding && embeddingModel === undefined) {
    throw new RecipeError([
      expectation("embeddingModel", "a model folder for the metric embedding", "nothing"),
    ]);
  }
  if (!isEmbedding && embeddingModel !== undefined) {
    throw new RecipeError([expectation("embeddingModel", "the metric embedding beside it", "other metrics")]);
  }
  if (named.size > 0 && judge === undefined) {
    throw new RecipeError([expectation("judge.url", "a judge for its metrics", "nothing")]);
  }
  return { texts: metrics.filter((name) => !Object.hasOwn(rowMetricTable, plain(name))), isEmbedding };
}

/**
 * Scores rows by models: how like a reply is to its reference, and what a judge makes of it.
 * @throws RecipeError, JudgeError, FileError, and what reading a model throws
 */
export async function measureModelMetrics(
  request: ModelMetricsRequest,
): Promise<{ readonly metrics: readonly RowMetric[]; readonly judge: JudgeReport | null }> {
  const { isEmbedding } = textMetricsOf(request.metrics, request);
  const embedded = isEmbedding ? [await embeddingMetric(request)] : [];
  if (request.judge === undefined) return { metrics: embedded, judge: null };
  const { report, metrics } = await judged(request, request.judge);
  return { metrics: [...embedded, ...metrics], judge: report };
}

async function* ruled({ rows, reasoning }: ModelMetricsRequest): AsyncGenerator<ScoredRow, void, undefined> {
  for await (const { question, references, replies } of rows()) {
    yield { question, references: asRuled(references, reasoning), replies: asRuled(replies, reasoning) };
  }
}

async function judged(
  request: ModelMetricsRequest,
  judge: JudgeOptions,
): Promise<Awaited<ReturnType<typeof judgeSystems>>> {
  const { systems, language, judgeAnswers, signal, onEvent, count } = request;
  const onProgress = progressOf(onEvent, "judging");
  const ask = async (answers: string) =>
    await judgeSystems(ruled(request), {
      judge,
      systems,
      language,
      answers,
      signal,
      onRow: (rows) => onProgress(rows, count),
    });
  if (judgeAnswers !== undefined) return await ask(judgeAnswers);
  const temporary = await mkdtemp(join(tmpdir(), "lathe-judge-"));
  try {
    return await ask(join(temporary, "judge.jsonl"));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** How like replies are to their references: of several references the most alike. */
async function embeddingMetric(request: ModelMetricsRequest): Promise<RowMetric> {
  const { embeddingModel, systems, signal, onEvent, engine, precision, count } = request;
  const folder = await readModelFolder(embeddingModel!, onEvent);
  const { tokenizer, config } = folder;
  if (!tokenizer) {
    throw new RecipeError([expectation("embeddingModel", "a model folder with a tokenizer", "one without")]);
  }
  const hash = await weightsHash(folder.path);
  const { opened, release } = await borrowModel(folder.path, folder, { engine, precision, signal, onEvent });
  const scores: number[][] = systems.map(() => []);
  const cut = systems.map(() => 0);
  try {
    const onProgress = progressOf(onEvent, "scoring");
    let group: { readonly replies: number; readonly tokens: TextTokens[] }[] = [];
    let tokens = 0;
    const score = (): void => {
      const embeddings = embedTexts(
        opened.model,
        group.flatMap((row) => row.tokens),
      );
      let start = 0;
      for (const { replies, tokens: texts } of group) {
        const own = embeddings.slice(start, start + replies);
        const wanted = embeddings.slice(start + replies, start + texts.length);
        for (const [system, reply] of own.entries()) {
          scores[system].push(Math.max(...wanted.map((reference) => cosineSimilarity(reply, reference))));
        }
        start += texts.length;
      }
      [group, tokens] = [[], 0];
      onProgress(scores[0].length, count);
    };
    for await (const { references, replies } of ruled(request)) {
      signal?.throwIfAborted();
      const texts = [...replies, ...references].map((text) =>
        textTokens(text, tokenizer, config.maxPositions),
      );
      for (const system of systems.keys()) cut[system] += Number(texts[system].isCut);
      const length = texts.reduce((sum, { ids }) => sum + ids.length, 0);
      if (group.length > 0 && tokens + length > TOKENS_AT_ONCE) score();
      group.push({ replies: replies.length, tokens: texts });
      tokens += length;
    }
    if (group.length > 0) score();
  } finally {
    release();
  }
  return {
    name: "embedding",
    signature: `model:${hash.slice(0, SHOWN_HASH)}|layer:${config.layerCount}/${config.layerCount}|pool:mean|tokens:text|sim:cosine|refs:best`,
    scores,
    details: cut.map((count) => ({ model: embeddingModel, weights: hash, cut: count })),
  };
}

/** SHA-256 of the weights of a model folder: of their one file, or of the hashes of their files in order. */
async function weightsHash(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".safetensors")).toSorted();
  const hashes = await Promise.all(names.map(async (name) => (await hashFile(join(folder, name))).sha256));
  return hashes.length === 1 ? hashes[0] : createHash("sha256").update(hashes.join("\n")).digest("hex");
}
