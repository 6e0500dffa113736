import type { AdamW8bitTensor, AdamWStep } from "./native-kernels.js";
import { MOMENT_BLOCK, momentCodes } from "./packed-moment.js";

const { first, second } = momentCodes;
const ZERO = { first: first.encode(0), second: second.encode(0) };

/**
 * One step of AdamW over moments in 8 bits (Dettmers et al., arXiv:2110.02861): each block is widened, updated and packed again,
 * so that the step itself is computed from moments that are not rounded yet.
 *
 * A second moment above 0 is never stored as 0: too large a one makes steps smaller, too small a one without bound larger.
 *
 * Parameters and moments are written in place.
 */
export function adamW8bit(tensors: readonly AdamW8bitTensor[], config: AdamWStep): void {
  const { learningRate, beta1, beta2, epsilon, weightDecay, step, gradientScale = 1 } = config;
  const stepSize = learningRate / (1 - beta1 ** step);
  const secondFactor = 1 / Math.sqrt(1 - beta2 ** step);
  const decay = 1 - learningRate * weightDecay;
  const m = new Float32Array(MOMENT_BLOCK);
  const v = new Float32Array(MOMENT_BLOCK);
  for (const { parameter, gradient, first: firstMoment, second: secondMoment } of tensors) {
    for (let start = 0, block = 0; start < parameter.length; start += MOMENT_BLOCK, block++) {
      const length = Math.min(MOMENT_BLOCK, parameter.length - start);
      const [firstScale, secondScale] = [firstMoment.scales[block], secondMoment.scales[block]];
      let [largestFirst, largestSecond] = [0, 0];
      for (let k = 0; k < length; k++) {
        const i = start + k;
        const g = gradient[i] * gradientScale;
        m[k] = beta1 * firstScale * first.values[firstMoment.codes[i]] + (1 - beta1) * g;
        v[k] = beta2 * secondScale * second.values[secondMoment.codes[i]] + (1 - beta2) * g * g;
        largestFirst = Math.max(largestFirst, Math.abs(m[k]));
        largestSecond = Math.max(largestSecond, v[k]);
        const update = (stepSize * m[k]) / (Math.sqrt(v[k]) * secondFactor + epsilon);
        parameter[i] = parameter[i] * decay - update;
      }
      firstMoment.scales[block] = largestFirst;
      secondMoment.scales[block] = largestSecond;
      for (let k = 0; k < length; k++) {
        const i = start + k;
        firstMoment.codes[i] = largestFirst === 0 ? ZERO.first : first.encode(m[k] / largestFirst);
        secondMoment.codes[i] =
          v[k] === 0 ? ZERO.second : Math.max(ZERO.second + 1, second.encode(v[k] / largestSecond));
      }
    }
  }
}
