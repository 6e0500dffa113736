/** Real ranks under real launchers, on the built package. */
import { describe, expect, it } from "vitest";
import { isLauncherThere, printed, runRanks, skippedWithout } from "../../testing/run-ranks.js";
import type { MpiMake } from "./mpi-make.js";

const arithmetic = `
  const collective = await lathe.openCollective({ valuesPerCall: 1000 });
  const { rank, size } = collective;
  const sums = Float32Array.from({ length: 2500 }, (_, i) => i + rank);
  await collective.allReduce(sums);
  const greatest = Int32Array.of(rank, -rank);
  await collective.allReduce(greatest, "max");
  const flags = Uint8Array.of(rank, 200 - rank, rank === 0 ? 1 : 0);
  await collective.allReduce(flags, "max");
  const counted = Uint8Array.of(rank, 1);
  await collective.allReduce(counted);
  const gathered = await collective.allGather(Uint8Array.from({ length: rank }, () => rank));
  const part = await collective.reduceScatter(Float64Array.from({ length: size }, (_, i) => i + 1), Array(size).fill(1));
  const sent = Float32Array.from({ length: 2500 }, () => rank);
  await collective.broadcast(sent, size - 1);
  const bytes = await lathe.broadcastBytes(collective, rank === 0 ? Uint8Array.of(1, 2, 3) : null);
  const whole = new Float64Array(8).fill(1);
  await collective.allReduce(whole.subarray(2, 4));
  const empty = await collective.allGather(new Float32Array(0));
  const shared = new Float32Array(new SharedArrayBuffer(16)).fill(2);
  await collective.allReduce(shared);
  await collective.barrier();
  await collective.close();
  print({
    rank, size, make: collective.make,
    sums: [sums[0], sums[1234], sums[2499]],
    greatest: [...greatest], flags: [...flags], counted: [...counted], gathered: gathered.map((each) => [...each]), part: [...part], sent: [sent[0], sent[2499]],
    bytes: [...bytes], whole: [...whole], empty: empty.map((each) => each.length), shared: [...shared],
  });`;

const places: readonly (readonly [MpiMake, number, "memory" | "tcp"])[] = [
  ["Open MPI", 2, "memory"],
  ["Open MPI", 2, "tcp"],
  ["Open MPI", 4, "memory"],
  ["MPICH", 2, "memory"],
];

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("ranks over MPI", () => {
  for (const [make, size, over] of places) {
    it.skipIf(!isLauncherThere(make))(
      `sum, compare, gather and send: ${size} ranks of ${make} over ${over}${skippedWithout(make)}`,
      async () => {
        const ended = await runRanks(size, arithmetic, { make, over });
        expect(ended).toMatchObject({ code: 0 });
        const ranks = Array.from({ length: size }, (_, rank) => rank);
        const ofRanks = (size * (size - 1)) / 2;
        const results = printed<{ readonly rank: number }>(ended).sort((a, b) => a.rank - b.rank);
        expect(results).toEqual(
          ranks.map((rank) => ({
            rank,
            size,
            make,
            sums: [0, 1234, 2499].map((i) => i * size + ofRanks),
            greatest: [size - 1, 0],
            flags: [size - 1, 200, 1],
            counted: [ofRanks, size],
            gathered: ranks.map((each) => Array<number>(each).fill(each)),
            part: [(rank + 1) * size],
            sent: [size - 1, size - 1],
            bytes: [1, 2, 3],
            whole: [1, 1, size, size, 1, 1, 1, 1],
            empty: ranks.map(() => 0),
            shared: Array<number>(4).fill(2 * size),
          })),
        );
      },
    );
  }

  for (const [make, size, over] of places) {
    const groupSize = 2;
    it.skipIf(!isLauncherThere(make))(
      `add up in groups of 2 without leaving the call: ${size} ranks of ${make} over ${over}${skippedWithout(make)}`,
      async () => {
        const program = `
          const collective = await lathe.openCollective({ valuesPerCall: 1000 });
          const group = await collective.blockingGroup(${groupSize});
          const values = Float32Array.from({ length: 2500 }, (_, i) => i + collective.rank);
          // One of them comes late: the others wait.
          if (group.rank === 1) await new Promise((resolve) => setTimeout(resolve, 50));
          for (let time = 0; time < 3; time++) group.sum(values);
          const waiting = collective.allReduce(new Float32Array(1));
          let refused = null;
          try { group.sum(values); } catch (error) { refused = error.fault; }
          await waiting;
          const odd = await collective.blockingGroup(collective.size + 1).catch((error) => error.message);
          print({ rank: collective.rank, group: [group.rank, group.size], values: [values[0], values[2499]], refused, odd });
          await collective.close();`;
        const ended = await runRanks(size, program, { make, over });
        expect(ended).toMatchObject({ code: 0 });
        const results = printed<{ readonly rank: number }>(ended).sort((a, b) => a.rank - b.rank);
        expect(results).toEqual(
          Array.from({ length: size }, (_, rank) => {
            const first = rank - (rank % groupSize);
            const thrice = (i: number): number => 4 * (2 * i + first + first + 1);
            return {
              rank,
              group: [rank - first, groupSize],
              values: [thrice(0), thrice(2499)],
              refused: "arguments",
              odd: `expected a divisor of the ${size} ranks, got ${size + 1}`,
            };
          }),
        );
      },
    );
  }

  it.skipIf(!isLauncherThere("Open MPI"))(
    `exit well over TCP, where destructors of the library run last${skippedWithout("Open MPI")}`,
    async () => {
      const program = `
        const collective = await lathe.openCollective();
        for (let i = 0; i < 20; i++) await collective.allReduce(new Float32Array(1000));
        await collective.close();`;
      for (let run = 0; run < 3; run++) {
        expect(await runRanks(2, program, { over: "tcp" })).toMatchObject({ code: 0, stderr: "" });
      }
    },
  );

  for (const make of ["Open MPI", "MPICH"] as const) {
    it.skipIf(!isLauncherThere(make))(
      `leave WebAssembly's own faults to V8, ${make}${skippedWithout(make)}`,
      async () => {
        // (module (memory 1) (func (export "f") (result i32) i32.const -4 i32.load))
        const program = `
          const bytes = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1,
            7, 5, 1, 1, 102, 0, 0, 10, 9, 1, 7, 0, 65, 124, 40, 2, 0, 11);
          const { instance } = await WebAssembly.instantiate(bytes);
          const collective = await lathe.openCollective();
          await collective.allReduce(new Float32Array(10));
          let name = null;
          try { instance.exports.f(); } catch (error) { name = error.constructor.name; }
          await collective.close();
          print({ name, hooks: process.env.UCX_MEM_MMAP_HOOK_MODE, events: process.env.UCX_MEM_EVENTS });`;
        const ended = await runRanks(2, program, { make });
        expect(ended).toMatchObject({ code: 0 });
        expect(printed(ended)).toEqual(Array(2).fill({ name: "RuntimeError", hooks: "none", events: "n" }));
      },
    );
  }

  it.skipIf(!isLauncherThere("Open MPI"))(
    `keep the arrays of calls under way, which nobody else holds${skippedWithout("Open MPI")}`,
    async () => {
      const program = `
        const collective = await lathe.openCollective();
        const freed = [];
        const registry = new FinalizationRegistry((call) => freed.push(call));
        let early = 0;
        for (let call = 0; call < 5; call++) {
          let isDone = false;
          const begin = () => {
            const values = new Float32Array(10_000_000).fill(1);
            registry.register(values.buffer, call);
            return collective.allReduce(values).then(() => { isDone = true; });
          };
          const answer = begin();
          while (!isDone) {
            gc();
            await new Promise((resolve) => setTimeout(resolve, 1));
            if (!isDone && freed.includes(call)) early++;
          }
          await answer;
        }
        for (let i = 0; i < 5; i++) { gc(); await new Promise((resolve) => setTimeout(resolve, 10)); }
        await collective.close();
        print({ early, wereFreed: freed.length > 0 });`;
      const ended = await runRanks(2, program, { nodeOptions: ["--expose-gc"] });
      expect(ended).toMatchObject({ code: 0 });
      expect(printed(ended)).toEqual(Array(2).fill({ early: 0, wereFreed: true }));
    },
  );

  it.skipIf(!isLauncherThere("Open MPI"))(
    `use little of a core while they wait for another${skippedWithout("Open MPI")}`,
    async () => {
      const program = `
        const collective = await lathe.openCollective();
        await collective.barrier();
        if (collective.rank === 1) await new Promise((resolve) => setTimeout(resolve, 3000));
        const [before, began] = [process.cpuUsage(), performance.now()];
        await collective.allReduce(new Float32Array(10));
        const { user, system } = process.cpuUsage(before);
        const share = (user + system) / 1000 / (performance.now() - began);
        await collective.close();
        if (collective.rank === 0) print(share);`;
      const ended = await runRanks(2, program);
      expect(ended).toMatchObject({ code: 0 });
      // The library's own waiting takes all of the core that it gets.
      expect(printed<number>(ended)[0]).toBeLessThan(0.5);
    },
  );

  it.skipIf(!isLauncherThere("Open MPI"))(
    `are refused where the library knows of fewer than were launched${skippedWithout("Open MPI")}`,
    async () => {
      const program = `
        const environment = { OMPI_COMM_WORLD_SIZE: "3" };
        await lathe.openCollective({ environment }).catch(({ name, fault, message }) => print({ name, fault, message }));
        process.exit(0);`;
      const ended = await runRanks(2, program);
      for (const { name, fault, message } of printed<Record<string, string>>(ended)) {
        expect([name, fault]).toEqual(["CollectiveError", "size"]);
        expect(message).toMatch(/^3 ranks were launched and libmpi\.so\.40 knows of 2: launcher and library/);
      }
      expect(printed(ended)).toHaveLength(2);
    },
  );

  it.skipIf(!isLauncherThere("Open MPI") || !isLauncherThere("MPICH"))(
    `are refused where launcher and library are of different make${skippedWithout("MPICH")}`,
    async () => {
      const program = (library: string) => `
        await lathe.openCollective({ library: ${JSON.stringify(library)} })
          .catch(({ fault, message }) => print({ fault, message }));
        process.exit(0);`;
      const byMpich = await runRanks(2, program("libmpi.so.40"), { make: "MPICH" });
      expect(printed(byMpich)).toEqual(
        Array(2).fill({
          fault: "size",
          message: "the launcher is MPICH and libmpi.so.40 is Open MPI: launch with the library's own mpirun",
        }),
      );
      const byOpenMpi = await runRanks(2, program("libmpich.so.12"));
      expect(printed<{ fault: string }>(byOpenMpi).map(({ fault }) => fault)).toEqual(["size", "size"]);
    },
  );

  it.skipIf(!isLauncherThere("Open MPI"))(
    `end all ranks with the code that one aborts with${skippedWithout("Open MPI")}`,
    async () => {
      const program = `
        const collective = await lathe.openCollective();
        await collective.barrier();
        if (collective.rank === 1) collective.abort(42);
        await collective.barrier();`;
      expect(await runRanks(2, program)).toMatchObject({ code: 42 });
    },
  );

  it.skipIf(!isLauncherThere("Open MPI"))(
    `end all ranks where what one sends stops on the way${skippedWithout("Open MPI")}`,
    async () => {
      const program = `
        const collective = await lathe.openCollective({ stallSeconds: 2, leastBytesPerSecond: 1e9 });
        // One rank comes to where all meet, and sends nothing then.
        if (collective.rank === 1) {
          await collective.barrier();
          await new Promise((resolve) => setTimeout(resolve, 60_000));
        }
        const answer = collective.allReduce(new Float32Array(1000));
        await answer.catch(({ fault, message }) => { process.stderr.write(fault + ": " + message); });
        collective.abort();`;
      const ended = await runRanks(2, program, { over: "tcp" });
      expect(ended.code).toBe(137);
      expect(ended.stderr).toContain("stalled: rank 0 of 2 has waited 2 s for what the others send");
    },
  );

  it.skipIf(!isLauncherThere("Open MPI"))(
    `take others for gone that do not come${skippedWithout("Open MPI")}`,
    async () => {
      const program = `
        const collective = await lathe.openCollective({ waitSeconds: 1 });
        await collective.barrier();
        if (collective.rank === 1) await new Promise((resolve) => setTimeout(resolve, 40_000));
        await collective.barrier().catch(({ fault, message }) => print([fault, message]));
        collective.abort(5);`;
      const ended = await runRanks(2, program);
      expect(ended.code).toBe(5);
      expect(printed(ended)).toEqual([
        ["stalled", "rank 0 of 2 has waited 1 s for others to come: they are taken for gone"],
      ]);
    },
  );

  it.skipIf(!isLauncherThere("Open MPI"))(
    `end where their launcher was killed${skippedWithout("Open MPI")}`,
    async () => {
      const program = `
        const collective = await lathe.openCollective();
        print({ rank: collective.rank, pid: process.pid });
        await collective.barrier();
        if (collective.rank === 1) {
          await new Promise((resolve) => setTimeout(resolve, 1000));
          process.kill(process.ppid, "SIGKILL");
          await new Promise((resolve) => setTimeout(resolve, 40_000));
        }
        await collective.barrier().catch(() => collective.abort());`;
      const ranks = printed<{ readonly rank: number; readonly pid: number }>(await runRanks(2, program));
      const [waiting, killer] = ranks.sort((a, b) => a.rank - b.rank).map(({ pid }) => pid);
      await expect.poll(() => isAlive(waiting), { timeout: 15_000 }).toBe(false);
      if (isAlive(killer)) process.kill(killer, "SIGKILL");
    },
  );

  it.skipIf(!isLauncherThere("Open MPI"))(
    `say what an error of the library is${skippedWithout("Open MPI")}`,
    async () => {
      const program = `
        const collective = await lathe.openCollective();
        const values = new Float32Array(collective.rank === 0 ? 20 : 10);
        await collective.broadcast(values).catch(({ fault, message }) => print([fault, message]));
        await new Promise((resolve) => setTimeout(resolve, 500));
        collective.abort(3);`;
      const ended = await runRanks(2, program);
      expect(ended.code).toBe(3);
      expect(printed(ended)).toEqual([
        ["call", "broadcast of rank 1 failed: MPI_ERR_TRUNCATE: message truncated"],
      ]);
    },
  );

  it.skipIf(!isLauncherThere("Open MPI"))(
    `can be joined once in a process${skippedWithout("Open MPI")}`,
    async () => {
      const program = `
        const collective = await lathe.openCollective();
        await lathe.mpiCollective().catch(({ message }) => print(message));
        await collective.close();`;
      expect(printed(await runRanks(1, program))).toEqual(["this process has joined its ranks before"]);
    },
  );

  it.skipIf(!isLauncherThere("Open MPI"))(
    `are one where nothing launched them, with the library and without${skippedWithout("Open MPI")}`,
    async () => {
      const program = `
        const alone = await lathe.openCollective({ environment: {} });
        const values = Float32Array.of(3);
        await alone.allReduce(values);
        print([alone.size, values[0]]);
        await alone.close();`;
      expect(printed(await runRanks(1, program))).toEqual([[1, 3]]);
    },
  );

  it("say that the library is missing, and what to install", async () => {
    const { mpiCollective } = await import("../index.js");
    await expect(mpiCollective({ environment: {}, library: "libno-such.so.1" })).rejects.toMatchObject({
      fault: "library",
      message: expect.stringContaining(
        "expected one of libno-such.so.1 where the system looks for libraries",
      ) as unknown,
    });
  });
});
