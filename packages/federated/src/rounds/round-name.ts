/** The name of a round's folder, as which rounds stand in order in a listing. @param round from 1 */
export const roundName = (round: number): string => String(round).padStart(4, "0");
