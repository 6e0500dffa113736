export { generateReplies, type GenerateRepliesOptions } from "./generate-replies.js";
export {
  type ModelScore,
  type RowScore,
  type ScoredRow,
  scoreRows,
  type ScoreRowsOptions,
} from "./score-rows.js";
