import type { JSX } from "preact";
import type { words } from "./words.js";

/** Where the tokens of a layer with a mixture of experts went. */
export interface RoutedLayer {
  readonly layer: number;
  /** Times that an expert was given a token, by expert. */
  readonly counts: readonly number[];
  /** Experts that were never given one. */
  readonly unused: number;
  readonly largestShare: number;
  /** 1 where tokens are routed evenly, 0 where one expert has them all. */
  readonly evenness: number;
}

/** Layers with the shares of their experts, the darker the more tokens an expert was given. */
export function Routing({
  layers,
  text,
}: {
  readonly layers: readonly RoutedLayer[];
  readonly text: (typeof words)["en"];
}): JSX.Element {
  return (
    <div class="scroll">
      <table class="scores">
        <thead>
          <tr>
            <th scope="col">{text.layer}</th>
            <th scope="col">{text.experts}</th>
            <th scope="col">{text.expertsUsed}</th>
            <th scope="col">{text.evenness}</th>
            <th scope="col">{text.largestShare}</th>
          </tr>
        </thead>
        <tbody>
          {layers.map(({ layer, counts, unused, evenness, largestShare }) => (
            <tr>
              <th scope="row">{layer}</th>
              <td>
                <Shares counts={counts} />
              </td>
              <td>{`${counts.length - unused} / ${counts.length}`}</td>
              <td>{evenness.toFixed(3)}</td>
              <td>{`${(100 * largestShare).toFixed(1)} %`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A strip with a field an expert. */
function Shares({ counts }: { readonly counts: readonly number[] }): JSX.Element {
  const most = Math.max(1, ...counts);
  return (
    <svg class="shares" viewBox={`0 0 ${counts.length} 1`} preserveAspectRatio="none" aria-hidden="true">
      {counts.map((count, expert) => (
        <rect x={expert} y={0} width={1} height={1} fill-opacity={(count / most).toFixed(3)} />
      ))}
    </svg>
  );
}
