/** Ends of the names of tensors that say how a packed weight is to be read, after the weight's own name. */
export const packedSuffixes = {
  /** Scales of the rows of an int8 weight, as compressed-tensors names them. */
  int8Scale: "_scale",
  int8ZeroPoint: "_zero_point",
  /** Scales of blocks of four-bit codes, as bitsandbytes names them, and what belongs to them. */
  blockScales: ".absmax",
  codebook: ".quant_map",
  nestedScales: ".nested_absmax",
  nestedCodebook: ".nested_quant_map",
  nf4State: ".quant_state.bitsandbytes__nf4",
  fp4State: ".quant_state.bitsandbytes__fp4",
} as const;
