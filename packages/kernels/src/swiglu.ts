/** out = silu(gate) · up with silu(x) = x / (1 + e⁻ˣ) (Shazeer, arXiv:2002.05202). out may be gate or up. */
export function swigluForward(gate: Float32Array, up: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = (gate[i] / (1 + Math.exp(-gate[i]))) * up[i];
}

/**
 * Gradients of {@link swigluForward}: silu′ = s + silu (1 − s), s the sigmoid.
 * @param dGate may be any input, or null   @param dUp likewise, but not dGate
 */
export function swigluBackward(
  gate: Float32Array,
  up: Float32Array,
  dOut: Float32Array,
  dGate: Float32Array | null,
  dUp: Float32Array | null,
): void {
  for (let i = 0; i < gate.length; i++) {
    const [g, u, d] = [gate[i], up[i], dOut[i]];
    const s = 1 / (1 + Math.exp(-g));
    if (dGate) dGate[i] = d * u * (s + g * s * (1 - s));
    if (dUp) dUp[i] = d * g * s;
  }
}
