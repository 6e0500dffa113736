export {
  type MemberLink,
  type ServedStudy,
  serveStudy,
  type ServeStudyOptions,
} from "./server/serve-study.js";
