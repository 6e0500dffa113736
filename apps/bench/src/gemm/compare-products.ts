import { type Measurement, quantile, summarise } from "../measure.js";
import type { Table } from "../shared/table.js";
import { type MeasuredProduct, operationCount, type ProductShape } from "./gemm-job.js";

/** One kind of product at one shape. */
export interface ProductSpeed extends ProductShape {
  readonly kind: string;
  readonly time: Measurement;
  /** 10⁹ operations a second at the median time. */
  readonly gigaflops: number;
  readonly error?: number;
}

/** Lathe's speed by a peer's over the shapes that both computed. */
export interface SpeedRatio {
  readonly kind: string;
  readonly peer: string;
  readonly median: number;
  readonly lowest: number;
  readonly shapes: number;
}

/** Sums up all times of each kind and shape, over several rounds. */
export function productSpeeds(products: readonly MeasuredProduct[]): ProductSpeed[] {
  const groups = new Map<string, MeasuredProduct[]>();
  for (const product of products) {
    const key = `${product.kind} ${shapeName(product)}`;
    groups.set(key, [...(groups.get(key) ?? []), product]);
  }
  return [...groups.values()].map((group) => {
    const { kind, rows, outFeatures, inFeatures, error } = group[0];
    const time = summarise(
      group.flatMap(({ seconds }) => seconds),
      1,
    );
    const shape = { rows, outFeatures, inFeatures };
    return {
      kind,
      ...shape,
      time,
      gigaflops: operationCount(shape) / time.median / 1e9,
      ...(error === undefined ? {} : { error }),
    };
  });
}

/** Every kind of Lathe's against every peer. */
export function speedRatios(own: readonly ProductSpeed[], peers: readonly ProductSpeed[]): SpeedRatio[] {
  const kinds = [...new Set(own.map(({ kind }) => kind))];
  const others = [...new Set(peers.map(({ kind }) => kind))];
  return kinds.flatMap((kind) =>
    others.flatMap((peer) => {
      const ratios = own
        .filter((speed) => speed.kind === kind)
        .flatMap((speed) => {
          const match = peers.find((of) => of.kind === peer && shapeName(of) === shapeName(speed));
          return match ? [speed.gigaflops / match.gigaflops] : [];
        })
        .sort((a, b) => a - b);
      if (ratios.length === 0) return [];
      return [{ kind, peer, median: quantile(ratios, 0.5), lowest: ratios[0], shapes: ratios.length }];
    }),
  );
}

/** A shape as people write it. */
export function shapeName({ rows, outFeatures, inFeatures }: ProductShape): string {
  return `${rows} · ${outFeatures}×${inFeatures}`;
}

/** GFLOP/s: a line for each shape, a column for each kind. */
export function speedTable(own: readonly ProductSpeed[], peers: readonly ProductSpeed[]): Table {
  const all = [...own, ...peers.map((speed) => ({ ...speed, kind: peerName(speed.kind) }))];
  const kinds = [...new Set(all.map(({ kind }) => kind))];
  const shapes = [...new Set(all.map(shapeName))];
  return {
    columns: ["rows · weight, GFLOP/s", ...kinds],
    rows: shapes.map((shape) => [
      shape,
      ...kinds.map((kind) => {
        const speed = all.find((of) => of.kind === kind && shapeName(of) === shape)?.gigaflops;
        return speed === undefined ? "–" : speed.toFixed(speed < 10 ? 1 : 0);
      }),
    ]),
  };
}

/** Ratios: a line for each kind of Lathe's, two columns for each peer. */
export function ratioTable(ratios: readonly SpeedRatio[]): Table {
  const kinds = [...new Set(ratios.map(({ kind }) => kind))];
  const peers = [...new Set(ratios.map(({ peer }) => peer))];
  return {
    columns: ["Lathe's speed", ...peers.flatMap((peer) => [`by ${peerName(peer)}`, "lowest"])],
    rows: kinds.map((kind) => [
      kind,
      ...peers.flatMap((peer) => {
        const ratio = ratios.find((of) => of.kind === kind && of.peer === peer);
        return ratio ? [`${ratio.median.toFixed(2)} ×`, `${ratio.lowest.toFixed(2)} ×`] : ["–", "–"];
      }),
    ]),
  };
}

function peerName(kind: string): string {
  return kind.startsWith("tfjs") ? kind : `PyTorch ${kind}`;
}
