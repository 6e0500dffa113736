export { keepYoungGenerationSmall, smallYoungGeneration } from "./young-generation.js";
