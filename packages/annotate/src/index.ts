export {
  type AnswerContent,
  type Judgement,
  pairsOf,
  type Preference,
  type Receipt,
  type Submission,
} from "./answers/answer.js";
export { AnswerError } from "./answers/answer-error.js";
export { reorderContent } from "./answers/reorder-content.js";
export { checkSubmission } from "./answers/check-submission.js";
export { type TaskKind } from "./assign/plan-tasks.js";
export { type AnswerForm, exportAnswers, formatAnswers } from "./exchange/export-answers.js";
export { importAnswers, type ImportedAnswers } from "./exchange/import-answers.js";
export { type Flag, FLAGS, MAXIMUM_COMMENT, type Question, QUESTIONS, RATING_RANGE } from "./questions.js";
export { readGold } from "./responses/read-gold.js";
export { readResponses } from "./responses/read-responses.js";
export { type GoldRange, type GoldRatings, type Responses, type StudyRow } from "./responses/study-row.js";
export { studyRecord } from "./results/study-record.js";
export { measureStudy } from "./results/measure-study.js";
export { tellStudy } from "./results/tell-study.js";
export {
  type AnnotatorResult,
  type DisputedRow,
  type MeanRating,
  type MetricCorrelation,
  type StudyResults,
  type SystemDifference,
  type SystemResult,
} from "./results/study-results.js";
export { createStudy, type CreateStudyOptions, STUDY_FILE } from "./study/create-study.js";
export { openStudy, readStudy } from "./study/open-study.js";
export { type MemberSecret, Study } from "./study/study.js";
export {
  type Member,
  type Role,
  type RowFacts,
  type ShownTask,
  type StudyAnswer,
  type StudyData,
  type TaskProgress,
} from "./study/study-data.js";
export { type StudySettings } from "./study/study-settings.js";
