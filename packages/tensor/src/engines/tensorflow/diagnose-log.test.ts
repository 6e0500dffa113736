import { sayPhrase } from "@lathe/files";
import { describe, expect, it } from "vitest";
import { devicesInLog, diagnoseLog } from "./diagnose-log.js";

/** Lines as TensorFlow releases write them; addresses and times are left out. */
const lines = {
  created:
    "I0000 gpu_device.cc:2022] Created device /job:localhost/replica:0/task:0/device:GPU:0 with 9621 MB memory:  -> device: 0, name: NVIDIA GeForce RTX 3060, pci bus id: 0000:01:00.0, compute capability: 8.6",
  createdBefore:
    "I gpu_device.cc:1304] Created TensorFlow device (/job:localhost/replica:0/task:0/device:GPU:1 with 10175 MB memory) -> physical GPU (device: 1, name: Tesla T4, pci bus id: 0000:00:07.0, compute capability: 7.5)",
};

describe("devicesInLog", () => {
  it("reads name, memory and capability, in the words of older and newer releases", () => {
    expect(devicesInLog(`${lines.createdBefore}\n${lines.created}\n`)).toEqual([
      { name: "Tesla T4", computeCapability: "7.5", memoryBytes: 10175 * 1024 ** 2 },
      { name: "NVIDIA GeForce RTX 3060", computeCapability: "8.6", memoryBytes: 9621 * 1024 ** 2 },
    ]);
    expect(devicesInLog("This TensorFlow binary is optimized to use available CPU instructions")).toEqual([]);
  });
});

describe("diagnoseLog", () => {
  it.each([
    [
      "driver",
      /not installed/,
      "cuda_stub.cc:31] Could not find cuda drivers on your machine, GPU will not be used.",
    ],
    [
      "driver",
      /not installed/,
      "dso_loader.cc:64] Could not load dynamic library 'libcuda.so.1'; dlerror: libcuda.so.1: cannot open shared object file",
    ],
    [
      "driver",
      /too old/,
      "failed call to cuInit: INTERNAL: CUDA driver version is insufficient for CUDA runtime version",
    ],
    [
      "driver",
      /another version/,
      "kernel version 535.54.3 does not match DSO version 550.90.7 -- cannot find working devices",
    ],
    [
      "cuda libraries",
      /libcusolver\.so\.11/,
      "W dso_loader.cc:60] Could not load dynamic library 'libcusolver.so.11'; dlerror: libnvJitLink.so.12: cannot open",
    ],
    [
      "cuda libraries",
      /the CUDA library libcudnn\.so\.9 was not found/,
      "Error: libcudnn.so.9: cannot open shared object file: No such file or directory",
    ],
    [
      "cuda libraries",
      /some of the CUDA libraries/,
      "gpu_device.cc:2343] Cannot dlopen some GPU libraries. Please make sure the missing libraries mentioned above",
    ],
    ["version", /generation/, "failed to load PTX: CUDA_ERROR_INVALID_PTX: a PTX JIT compilation failed"],
    ["memory", /no memory left/, "failed to allocate 11.2GiB: CUDA_ERROR_OUT_OF_MEMORY: out of memory"],
    [
      "card",
      /CUDA_VISIBLE_DEVICES/,
      "failed call to cuInit: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected",
    ],
    [
      "driver",
      /CUDA_ERROR_UNKNOWN: unknown error/,
      "failed call to cuInit: CUDA_ERROR_UNKNOWN: unknown error",
    ],
  ])("names the %s", (missing, text, log) => {
    const diagnosis = diagnoseLog(`some line before\nE0000 ${log}\n`);
    expect(diagnosis?.missing).toBe(missing);
    expect(`${sayPhrase(diagnosis!.found)}; ${sayPhrase(diagnosis!.remedy)}`).toMatch(text);
    expect(diagnosis?.remedy).not.toBe("");
  });

  it("says nothing of messages that are no fault, and does not take TensorFlow's library for one of CUDA's", () => {
    const own = "libtensorflow_cc.so.2: cannot open shared object file: No such file or directory";
    expect(diagnoseLog(own)).toBeNull();
    expect(diagnoseLog("To enable the following instructions: AVX2 FMA, rebuild TensorFlow")).toBeNull();
  });
});
