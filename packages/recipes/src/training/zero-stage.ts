/** Stages of ZeRO that ranks can have: none, or the second. */
export const zeroStages = [0, 2] as const;

/** A stage of ZeRO. */
export type ZeroStage = (typeof zeroStages)[number];
