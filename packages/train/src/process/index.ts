export { collectEarly } from "./collect-early.js";
export { keepHeapSmall } from "./small-heap.js";
export { keepYoungGenerationSmall, smallYoungGeneration } from "./young-generation.js";
