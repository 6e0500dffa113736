/** What a run can make small. */
export const objectiveNames = ["sft", "dpo", "orpo", "simpo", "kto"] as const;

/** Name of what a run makes small. */
export type ObjectiveName = (typeof objectiveNames)[number];
