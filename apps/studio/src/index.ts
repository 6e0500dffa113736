export { serveRuns, type ServedRuns, type ServeRunsOptions } from "./server/serve-runs.js";
export {
  type MemberLink,
  type ServedStudy,
  serveStudy,
  type ServeStudyOptions,
} from "./server/serve-study.js";
