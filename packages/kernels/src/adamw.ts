import type { AdamWStep, AdamWTensor } from "./native-kernels.js";

/**
 * One step of Adam with decoupled weight decay (Loshchilov & Hutter, arXiv:1711.05101), in PyTorch's form:
 *
 *   θ ← θ (1 − ηλ);  m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  θ ← θ − η/(1 − β₁ᵗ) · m / (√(v/(1 − β₂ᵗ)) + ε)
 *
 * Parameters and moments are written in place.
 */
export function adamW(tensors: readonly AdamWTensor[], config: AdamWStep): void {
  const { learningRate, beta1, beta2, epsilon, weightDecay, step, gradientScale = 1 } = config;
  const stepSize = learningRate / (1 - beta1 ** step);
  const secondFactor = 1 / Math.sqrt(1 - beta2 ** step);
  for (const { parameter, gradient, first, second } of tensors) {
    for (let i = 0; i < parameter.length; i++) {
      const g = gradient[i] * gradientScale;
      first[i] = beta1 * first[i] + (1 - beta1) * g;
      second[i] = beta2 * second[i] + (1 - beta2) * g * g;
      const update = (stepSize * first[i]) / (Math.sqrt(second[i]) * secondFactor + epsilon);
      parameter[i] = parameter[i] * (1 - learningRate * weightDecay) - update;
    }
  }
}
