import { describe, expect, it } from "vitest";
import { planAdjudication, planTasks, type TaskPlan } from "./plan-tasks.js";

const plan: TaskPlan = { rows: 40, systems: 3, annotators: 4, seed: 7, repeats: 0.1, perRow: 4 };

describe("tasks", () => {
  it("are the same for the same seed, others for another, and others for each annotator", () => {
    expect(planTasks(plan)).toEqual(planTasks(plan));
    expect(planTasks({ ...plan, seed: 8 })).not.toEqual(planTasks(plan));
    const orders = planTasks(plan).map((tasks) => tasks.map(({ row }) => row).join());
    expect(new Set(orders).size).toBe(4);
  });

  it("hold every row once, with every system once", () => {
    for (const tasks of planTasks(plan)) {
      const rows = tasks.filter(({ kind }) => kind === "row").map(({ row }) => row);
      expect(rows.toSorted((a, b) => a - b)).toEqual([...Array(40).keys()]);
      for (const { systems } of tasks) expect(systems.toSorted()).toEqual([0, 1, 2]);
    }
  });

  it("show each system first about as often as the others", () => {
    const first = planTasks({ ...plan, rows: 600, repeats: 0 })
      .flat()
      .map(({ systems }) => systems[0]);
    for (const system of [0, 1, 2]) {
      const share = first.filter((one) => one === system).length / first.length;
      // Five standard errors of 2,400 draws.
      expect(Math.abs(share - 1 / 3)).toBeLessThan(0.05);
    }
  });

  it("come again, half of the rows later and in the reverse order", () => {
    for (const tasks of planTasks(plan)) {
      const repeats = tasks.filter(({ kind }) => kind === "repeat");
      expect(repeats).toHaveLength(4);
      for (const repeat of repeats) {
        const first = tasks.find(({ kind, row }) => kind === "row" && row === repeat.row)!;
        expect(tasks.indexOf(repeat) - tasks.indexOf(first)).toBeGreaterThanOrEqual(20);
        expect(repeat.systems).toEqual(first.systems.toReversed());
      }
    }
  });

  it.each([1, 2, 3])("give each row to %i of four and nobody more than a row above their share", (perRow) => {
    const all = planTasks({ ...plan, rows: 41, perRow, repeats: 0 });
    const counts = Array.from(
      { length: 41 },
      (_, row) => all.filter((tasks) => tasks.some((task) => task.row === row)).length,
    );
    expect(counts).toEqual(Array(41).fill(perRow));
    const loads = all.map(({ length }) => length);
    expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
  });

  it("of too few rows do not come again; of one row there is one", () => {
    expect(planTasks({ ...plan, rows: 3, repeats: 0.5 }).flat()).toHaveLength(12);
    expect(planTasks({ ...plan, rows: 1 })[0]).toHaveLength(1);
  });

  it("of who settles disputes are all rows in order", () => {
    expect(planAdjudication(plan).map(({ row }) => row)).toEqual([...Array(40).keys()]);
  });
});
