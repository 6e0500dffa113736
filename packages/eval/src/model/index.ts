export { cosineSimilarity, embedTexts, textTokens, type TextTokens } from "./embed-texts.js";
export { generateReplies, type GenerateRepliesOptions } from "./generate-replies.js";
export { type ModelScore, type RowScore, scoreRows, type ScoreRowsOptions } from "./score-rows.js";
export {
  DEFAULT_BATCH_SIZE,
  type StreamedReply,
  streamReplies,
  type StreamRepliesOptions,
} from "./stream-replies.js";
