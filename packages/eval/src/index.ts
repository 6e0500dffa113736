export { accuracy } from "./metrics/accuracy.js";
export { bleuSmoothings } from "./metrics/bleu.js";
export { corpusBleu } from "./metrics/bleu.js";
export { sentenceBleu } from "./metrics/bleu.js";
export type { BleuOptions } from "./metrics/bleu.js";
export type { BleuScore } from "./metrics/bleu.js";
export type { BleuSmoothing } from "./metrics/bleu.js";
export { bleuTokenizers } from "./metrics/bleu-tokenizer.js";
export { tokenizeForBleu } from "./metrics/bleu-tokenizer.js";
export type { BleuTokenizer } from "./metrics/bleu-tokenizer.js";
export { cmrcExactMatch, cmrcF1, corpusCmrcExactMatch, corpusCmrcF1 } from "./metrics/cmrc.js";
export { corpusChrf } from "./metrics/chrf.js";
export { sentenceChrf } from "./metrics/chrf.js";
export type { ChrfOptions } from "./metrics/chrf.js";
export type { ChrfScore } from "./metrics/chrf.js";
export { detectLanguage } from "./scores/detect-language.js";
export { MetricOptionError } from "./errors.js";
export { MissingWordsError } from "./errors.js";
export { SegmentError } from "./errors.js";
export { TextFileError, type TextPairFault, TextPairsError } from "./errors.js";
export { checkTextFiles } from "./scores/check-text-files.js";
export { UnknownMetricError } from "./errors.js";
export { evaluateText } from "./scores/evaluate-text.js";
export type { EvaluateTextOptions } from "./scores/evaluate-text.js";
export type { EvaluateTextRequest } from "./scores/evaluate-text.js";
export type { TextScores } from "./scores/evaluate-text.js";
export { metricNames } from "./scores/metric-names.js";
export { metricTable } from "./scores/metric-names.js";
export { resolveMetricNames } from "./scores/metric-names.js";
export type { MetricDescription } from "./scores/metric-names.js";
export type { MetricName } from "./scores/metric-names.js";
export { characterSentenceBleu } from "./metrics/nltk-bleu.js";
export { nltkSentenceBleu } from "./metrics/nltk-bleu.js";
export type { NltkBleuOptions } from "./metrics/nltk-bleu.js";
export { perplexity } from "./metrics/perplexity.js";
export { porterStem } from "./metrics/porter-stemmer.js";
export { corpusExactMatch } from "./metrics/question-answering.js";
export { corpusF1 } from "./metrics/question-answering.js";
export { exactMatch } from "./metrics/question-answering.js";
export { f1Score } from "./metrics/question-answering.js";
export type { AnswerOptions } from "./metrics/question-answering.js";
export { readReferences } from "./scores/read-texts.js";
export { predictionOf, readTexts, referencesOf, streamTexts, type TextRow } from "./scores/read-texts.js";
export type { ReadTextsOptions, TextOf } from "./scores/read-texts.js";
export { corpusRouge } from "./metrics/rouge.js";
export { sentenceRouge } from "./metrics/rouge.js";
export type { RougeKind } from "./metrics/rouge.js";
export type { RougeOptions } from "./metrics/rouge.js";
export type { RougeScore } from "./metrics/rouge.js";
export type { RougeScores } from "./metrics/rouge.js";
export { scoreBatches } from "./scores/score-batches.js";
export type { BatchScore, NumberedRows, ScoreBatchesOptions } from "./scores/score-batches.js";
export { tokenizeChinese } from "./metrics/rouge-tokenizer.js";
export { tokenizeEnglish } from "./metrics/rouge-tokenizer.js";
export type { RougeTokenize } from "./metrics/rouge-tokenizer.js";
export type { Reference } from "./scores/segments.js";
export type { Segment } from "./scores/segments.js";
export type { Segments } from "./scores/segments.js";
export { agreementOf } from "./agreement/agreement.js";
export type { Agreement, AnnotatorPair } from "./agreement/agreement.js";
export { cohenKappa, kappaWeights } from "./agreement/cohen-kappa.js";
export type { CohenKappaOptions, KappaWeights } from "./agreement/cohen-kappa.js";
export { fleissKappa, fleissKappaOfCounts } from "./agreement/fleiss-kappa.js";
export { krippendorffAlpha, ratingLevels } from "./agreement/krippendorff-alpha.js";
export type { RatingLevel } from "./agreement/krippendorff-alpha.js";
export { kendallCorrelation, spearmanCorrelation } from "./agreement/rank-correlation.js";
export type { Correlation } from "./agreement/rank-correlation.js";
export { RatingError, tabulateRatings } from "./agreement/ratings.js";
export type { NamedRating, Rating, Ratings, RatingTable } from "./agreement/ratings.js";
export { classificationReport } from "./classification/classification-report.js";
export type {
  ClassificationReport,
  ClassificationRequest,
  LabelScore,
  PrecisionRecall,
} from "./classification/classification-report.js";
export { labelExtractor } from "./classification/label-extractor.js";
export type { ExtractLabel, LabelPlace } from "./classification/label-extractor.js";
export { type ReferenceFacts, ReferenceSurvey } from "./scores/reference-survey.js";
export { asRuled, compareSystems, reasoningRules, StreamedScores } from "./scores/compare-systems.js";
export type {
  CompareSystemsRequest,
  MetricComparison,
  ReasoningRule,
  ScoreName,
  SignedScore,
  StreamedScoresRequest,
  SystemComparison,
  SystemScores,
  SystemTexts,
} from "./scores/compare-systems.js";
export { distinct } from "./metrics/distinct.js";
export type { Distinct } from "./metrics/distinct.js";
export { type CutWords, cutByJieba } from "./metrics/jieba-words.js";
export { llamaFactoryScores } from "./metrics/llama-factory.js";
export type { LlamaFactoryScores } from "./metrics/llama-factory.js";
export type { MetricOptions } from "./scores/measure-metric.js";
export { numericAnswer, sameNumericAnswer } from "./metrics/numeric-answer.js";
export { bootstrapPValue, bootstrapScores, percentileInterval } from "./significance/bootstrap.js";
export type { BootstrapOptions, Interval } from "./significance/bootstrap.js";
export { pairedPermutationTest } from "./significance/paired-permutation-test.js";
export type { PermutationOptions, PermutationResult } from "./significance/paired-permutation-test.js";
export { permutationTest } from "./significance/permutation-test.js";
export { meanStatistics, scoreOf } from "./significance/segment-statistics.js";
export type { SegmentStatistics, StatisticValues } from "./significance/segment-statistics.js";
export { hasReasoning, stripReasoning } from "./scores/strip-reasoning.js";
export { corpusTer, sentenceTer } from "./metrics/ter.js";
export type { TerOptions, TerScore } from "./metrics/ter.js";
export type { TerTokenizerOptions } from "./metrics/ter-tokenizer.js";
export { judgeSystems } from "./judge/judge-systems.js";
export type {
  JudgedRow,
  Judgement,
  JudgeOptions,
  JudgeReport,
  JudgeSystemsRequest,
} from "./judge/judge-systems.js";
export type { JudgeEndpointOptions } from "./judge/judge-endpoint.js";
export { JudgeError } from "./judge/judge-error.js";
export {
  type JudgeLanguage,
  judgeLanguages,
  type JudgePrompt,
  type JudgeTask,
} from "./judge/judge-prompt.js";
export { type RowMetric, type RowMetricName, rowMetricTable } from "./scores/row-metric.js";
