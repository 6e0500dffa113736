import { type Draw, drawOf, shuffled } from "./seeded.js";

/** Why a task is there: for the row itself, for the annotator's own consistency, or to settle what others disagree about. */
export type TaskKind = "row" | "repeat" | "adjudication";

/** One thing to judge: a row, and its replies in the order shown. */
export interface PlannedTask {
  /** Index of the row. */
  readonly row: number;
  readonly kind: TaskKind;
  /** `[place shown]`: index of the system. */
  readonly systems: readonly number[];
}

/** What {@link planTasks} divides among whom. */
export interface TaskPlan {
  readonly rows: number;
  readonly systems: number;
  readonly annotators: number;
  /** The same seed gives the same tasks. */
  readonly seed: number;
  /** Share of an annotator's rows that come a second time. */
  readonly repeats: number;
  /** Annotators that judge each row, at most all. */
  readonly perRow: number;
}

/**
 * Which rows each annotator judges, in which order, with the replies in which order: all drawn for the annotator and the row.
 * Rows are divided evenly where not everyone judges all. Repeats come as late after the first time as the number of rows
 * allows, at least half of them apart, with the replies in another order.
 *
 * @returns `[annotator][position]`
 */
export function planTasks(plan: TaskPlan): PlannedTask[][] {
  const rowOrder = shuffled([...Array(plan.rows).keys()], drawOf(plan.seed, "rows"));
  return Array.from({ length: plan.annotators }, (_, annotator) => {
    const draw = drawOf(plan.seed, "annotator", annotator);
    const own = rowOrder.filter((__, place) => isAssigned(plan, place, annotator));
    const tasks = shuffled(own, draw).map((row): PlannedTask => ({
      row,
      kind: "row",
      systems: systemOrder(plan, annotator, row),
    }));
    return withRepeats(tasks, Math.round(plan.repeats * tasks.length), draw);
  });
}

/** One task a row for who settles disagreements, in the order of rows. */
export function planAdjudication({ rows, systems, seed }: TaskPlan): PlannedTask[] {
  return Array.from({ length: rows }, (_, row) => ({
    row,
    kind: "adjudication",
    systems: systemOrder({ systems, seed }, "adjudicator", row),
  }));
}

/** Each place takes the next annotators around the table, so that nobody has two rows more than another. */
function isAssigned({ annotators, perRow }: TaskPlan, place: number, annotator: number): boolean {
  const first = (place * perRow) % annotators;
  return (annotator - first + annotators) % annotators < perRow;
}

function systemOrder(
  { systems, seed }: Pick<TaskPlan, "systems" | "seed">,
  annotator: number | string,
  row: number,
): number[] {
  return shuffled([...Array(systems).keys()], drawOf(seed, "systems", annotator, row));
}

/** Fewer rows than this cannot be kept apart. */
const FEWEST_ROWS = 4;

function withRepeats(tasks: readonly PlannedTask[], count: number, draw: Draw): PlannedTask[] {
  if (tasks.length < FEWEST_ROWS || count === 0) return [...tasks];
  const half = Math.ceil(tasks.length / 2);
  const early = shuffled([...Array(half).keys()], draw).slice(0, count);
  // Later places first: what is put in does not move what comes before it.
  const places = early
    .map((first) => ({ first, at: draw(first + half, tasks.length) }))
    .sort((a, b) => b.at - a.at);
  const all = [...tasks];
  for (const { first, at } of places) {
    const { row, systems } = tasks[first];
    all.splice(at, 0, { row, kind: "repeat", systems: systems.toReversed() });
  }
  return all;
}
