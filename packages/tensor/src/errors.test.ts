import { isInputError, sayPhrase } from "@lathe/files";
import { describe, expect, it } from "vitest";
import {
  EngineError,
  HandleError,
  listEngines,
  MissingKernelError,
  MissingPackageError,
  NoTapeError,
  OutsideTensorError,
  ShapeError,
  startEngine,
  TensorFlowSetupError,
  WrongEngineError,
} from "./index.js";

describe("errors of this package", () => {
  it.each<[Error, Readonly<Record<string, unknown>>, string]>([
    [
      new ShapeError("add", "b [2]", [3, 4]),
      { operation: "add", expected: "b [2]", actual: [3, 4] },
      "add: expected b [2], got [3, 4]",
    ],
    [
      new MissingKernelError("cpu", "packed", "int8"),
      { engine: "cpu", operation: "packed", what: "int8" },
      "packed: engine cpu has no kernel for int8",
    ],
    [
      new OutsideTensorError([2]),
      { shape: [2] },
      "recompute: the block uses a tensor [2] of the enclosing computation that is not among its inputs; its gradient would be lost. Pass it as an input.",
    ],
    [
      new MissingPackageError("fromTfjs", "@tensorflow/tfjs", "4.22.0", "gradients are"),
      { caller: "fromTfjs", packageName: "@tensorflow/tfjs", version: "4.22.0", purpose: "gradients are" },
      "fromTfjs: gradients are in the package @tensorflow/tfjs, which is not installed; install it: npm install @tensorflow/tfjs@4.22.0",
    ],
    [
      new HandleError(7),
      { handle: 7 },
      "handle 7 is not of this computation; keep it there, or use it before its end",
    ],
    [new HandleError(null), { handle: null }, "handles are made within TensorFlowDevice.compute"],
    [
      new WrongEngineError(["tensorflow", "cuda"], "cpu"),
      { expected: ["tensorflow", "cuda"], actual: "cpu" },
      "expected one of the engines tensorflow, cuda to be in use, got cpu; start one of them",
    ],
    [
      new NoTapeError("native"),
      { engine: "native" },
      "engine native: an activation is kept only where a tape records; ask for gradients within withTape",
    ],
  ])(
    "%s says what was expected, what came and what to do, and is nobody's input",
    (error, fields, message) => {
      expect(error).toMatchObject(fields);
      expect(error.message).toBe(message);
      expect(error.name).toBe(error.constructor.name);
      expect(isInputError(error)).toBe(false);
    },
  );

  it("about engines and their set-up are the user's to mend, in sentences that can be translated", async () => {
    const unknown = await startEngine("gpu9").catch((error: unknown) => error);
    expect(unknown).toBeInstanceOf(EngineError);
    expect(isInputError(unknown)).toBe(true);
    const names = listEngines().map(({ name }) => name);
    const [sentence] = (unknown as EngineError).phrases();
    expect(sentence).toEqual({
      template: "engine {0} is unknown; expected auto or one of {1}",
      values: ["gpu9", names.join(", ")],
    });

    const setUp = new TensorFlowSetupError("driver", "it is not there", "install it", "line one\nline two");
    expect(setUp).toMatchObject({ missing: "driver", found: "it is not there", remedy: "install it" });
    expect(setUp.message).toBe("it is not there; install it\nline one\nline two");
    const translations = { "it is not there": "没有", "install it": "请安装", "{0}; {1}": "{0}；{1}" };
    expect(setUp.phrases().map((one) => sayPhrase(one, translations))).toEqual([
      "没有；请安装\nline one\nline two",
    ]);
  });

  it("name the engine that does not compute in a precision", async () => {
    await expect(startEngine("cpu", "fp16")).rejects.toMatchObject({
      engine: "cpu",
      message: "precision fp16: engine cpu computes in fp32",
    });
  });

  it("tell of each engine in a list why it cannot run", async () => {
    const unable = (name: string, reason: string) => ({
      name,
      description: name,
      precisions: ["fp32"] as const,
      probe: () => Promise.resolve(reason),
      start: () => Promise.reject(new Error("not asked")),
    });
    const failing = {
      ...unable("third", ""),
      probe: () => Promise.resolve(null),
      start: () => Promise.reject(new Error("no memory")),
    };
    const run = startEngine([unable("first", "no card"), unable("second", "too old"), failing]);
    await expect(run).rejects.toThrow(
      "engine first or second or third cannot run here (first: no card; second: too old; third: it did not start: no memory)",
    );
  });
});
