export { accuracy } from "./accuracy.js";
export { bleuSmoothings } from "./bleu.js";
export { corpusBleu } from "./bleu.js";
export { sentenceBleu } from "./bleu.js";
export type { BleuOptions } from "./bleu.js";
export type { BleuScore } from "./bleu.js";
export type { BleuSmoothing } from "./bleu.js";
export { bleuTokenizers } from "./bleu-tokenizer.js";
export { tokenizeForBleu } from "./bleu-tokenizer.js";
export type { BleuTokenizer } from "./bleu-tokenizer.js";
export { corpusChrf } from "./chrf.js";
export { sentenceChrf } from "./chrf.js";
export type { ChrfOptions } from "./chrf.js";
export type { ChrfScore } from "./chrf.js";
export { detectLanguage } from "./detect-language.js";
export { MetricOptionError } from "./errors.js";
export { SegmentError } from "./errors.js";
export { TextFileError } from "./errors.js";
export { UnknownMetricError } from "./errors.js";
export { evaluateText } from "./evaluate-text.js";
export type { EvaluateTextOptions } from "./evaluate-text.js";
export type { EvaluateTextRequest } from "./evaluate-text.js";
export type { TextScores } from "./evaluate-text.js";
export { metricNames } from "./metric-names.js";
export { metricTable } from "./metric-names.js";
export { resolveMetricNames } from "./metric-names.js";
export type { MetricDescription } from "./metric-names.js";
export type { MetricName } from "./metric-names.js";
export { characterSentenceBleu } from "./nltk-bleu.js";
export { nltkSentenceBleu } from "./nltk-bleu.js";
export type { NltkBleuOptions } from "./nltk-bleu.js";
export { perplexity } from "./perplexity.js";
export { porterStem } from "./porter-stemmer.js";
export { corpusExactMatch } from "./question-answering.js";
export { corpusF1 } from "./question-answering.js";
export { exactMatch } from "./question-answering.js";
export { f1Score } from "./question-answering.js";
export type { AnswerOptions } from "./question-answering.js";
export type { F1Options } from "./question-answering.js";
export { readReferences } from "./read-texts.js";
export { readTexts } from "./read-texts.js";
export type { ReadTextsOptions } from "./read-texts.js";
export { corpusRouge } from "./rouge.js";
export { sentenceRouge } from "./rouge.js";
export type { RougeKind } from "./rouge.js";
export type { RougeOptions } from "./rouge.js";
export type { RougeScore } from "./rouge.js";
export type { RougeScores } from "./rouge.js";
export { scoreBatches } from "./score-batches.js";
export type { BatchScore, NumberedRows, ScoreBatchesOptions } from "./score-batches.js";
export { tokenizeChinese } from "./rouge-tokenizer.js";
export { tokenizeEnglish } from "./rouge-tokenizer.js";
export type { RougeTokenize } from "./rouge-tokenizer.js";
export type { Reference } from "./segments.js";
export type { Segment } from "./segments.js";
export type { Segments } from "./segments.js";
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
export { compareSystems, reasoningRules } from "./compare-systems.js";
export type {
  CompareSystemsRequest,
  MetricComparison,
  ReasoningRule,
  SignedScore,
  SystemComparison,
  SystemScores,
  SystemTexts,
} from "./compare-systems.js";
export { distinct } from "./distinct.js";
export type { Distinct } from "./distinct.js";
export { cutByJieba, llamaFactoryScores } from "./llama-factory.js";
export type { CutWords, LlamaFactoryScores } from "./llama-factory.js";
export type { MetricOptions } from "./measure-metric.js";
export { numericAnswer, sameNumericAnswer } from "./numeric-answer.js";
export { bootstrapPValue, bootstrapScores, percentileInterval } from "./significance/bootstrap.js";
export type { BootstrapOptions, Interval } from "./significance/bootstrap.js";
export { pairedPermutationTest } from "./significance/paired-permutation-test.js";
export type { PermutationOptions, PermutationResult } from "./significance/paired-permutation-test.js";
export { permutationTest } from "./significance/permutation-test.js";
export { meanStatistics, scoreOf } from "./significance/segment-statistics.js";
export type { SegmentStatistics } from "./significance/segment-statistics.js";
export { hasReasoning, stripReasoning } from "./strip-reasoning.js";
export { corpusTer, sentenceTer } from "./ter.js";
export type { TerOptions, TerScore } from "./ter.js";
export type { TerTokenizerOptions } from "./ter-tokenizer.js";
