export { namesElsewhere } from "./names-elsewhere.js";
