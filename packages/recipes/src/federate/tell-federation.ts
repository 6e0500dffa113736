import type { RoundReport } from "@lathe/federated";
import { type Phrase, phrase, type Told } from "@lathe/files";
import type { SimulatedRound } from "./simulate-federation.js";

const shown = (value: number | null | undefined, digits: number): string =>
  value === null || value === undefined ? "–" : value.toPrecision(digits);

/** What was refused in rounds, a sentence each. */
function refusals(rounds: readonly RoundReport[]): Phrase[] {
  return rounds.flatMap(({ round, refused }) =>
    refused.map(({ client, phrase: reason }) => phrase`round ${round}: ${client} not taken: ${reason}`),
  );
}

/** That a round has closed. */
export function tellRound({ round, clients }: Pick<RoundReport, "round" | "clients">): Phrase {
  return clients.length === 1
    ? phrase`round ${round} closed with ${1} client`
    : phrase`round ${round} closed with ${clients.length} clients`;
}

/** The rounds of a federation, as people read them. @param delta that ε holds for; null where nothing is promised */
export function tellFederation(
  rounds: readonly (RoundReport | SimulatedRound)[],
  adapter: string | null,
  delta: number | null,
): Told {
  const isEvaluated = rounds.some((round) => "validationLoss" in round && round.validationLoss !== null);
  const below = [
    ...refusals(rounds),
    ...(delta === null ? [] : [phrase`epsilon holds for delta ${delta}`]),
    ...(adapter === null ? [] : [phrase`adapter in ${adapter}`]),
  ];
  return [
    {
      head: [
        phrase`round`,
        phrase`clients`,
        phrase`refused`,
        phrase`longest update`,
        ...(delta === null ? [] : [phrase`epsilon`]),
        ...(isEvaluated ? [phrase`validation loss`] : []),
      ],
      rows: rounds.map((report) => [
        String(report.round),
        String(report.clients.length),
        String(report.refused.length),
        shown(report.clients.length === 0 ? null : Math.max(...report.clients.map(({ norm }) => norm)), 3),
        ...(delta === null ? [] : [shown(report.epsilon, 4)]),
        ...(isEvaluated ? [shown("validationLoss" in report ? report.validationLoss : null, 5)] : []),
      ]),
      below,
    },
  ];
}
