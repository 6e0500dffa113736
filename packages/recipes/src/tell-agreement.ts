import { phrase, type Told } from "@lathe/files";
import type { MeasuredAgreement } from "./measure-agreement.js";

const shown = (value: number | null): string => (value === null ? "–" : value.toFixed(3));

/** How far annotators agree, as people read it. */
export function tellAgreement(measured: MeasuredAgreement): Told {
  const { alpha, fleissKappa, cohenKappa, pairs, units, annotators, level } = measured;
  const weights = level === "nominal" ? "unweighted" : "quadratic";
  const unitCount = units.length === 1 ? phrase`${1} unit` : phrase`${units.length} units`;
  const people = annotators.length === 1 ? phrase`${1} annotator` : phrase`${annotators.length} annotators`;
  return [
    {
      head: [phrase`agreement`, phrase`value`],
      rows: [
        [phrase`Krippendorff α (${level})`, shown(alpha)],
        [phrase`Fleiss κ`, shown(fleissKappa)],
        [phrase`Cohen κ (${weights})`, shown(cohenKappa)],
        ...pairs.map((pair) => [
          `  ${pair.annotators.join(" – ")}, ${pair.units}`,
          shown(pair.kappa[weights] ?? null),
        ]),
      ],
      below: [phrase`${unitCount}, ${people}`],
    },
  ];
}
