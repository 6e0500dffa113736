import * as tf from "@tensorflow/tfjs-core";
import type { EngineDefinition } from "../../engine.js";

/** Plain JavaScript: slow everywhere, the same everywhere. The reference in tests. */
export const cpuEngine: EngineDefinition = {
  name: "cpu",
  description: "plain JavaScript, one thread, float32; slow",
  precisions: ["fp32"],
  probe: () => Promise.resolve(null),
  async start() {
    await import("@tensorflow/tfjs-backend-cpu");
    // The backend advertises the TensorFlow addon on first use; whoever chose this engine knows.
    const backend = tf.findBackend("cpu") as unknown as { firstUse?: boolean } | null;
    if (backend) backend.firstUse = false;
    await tf.setBackend("cpu");
    await tf.ready();
    return {};
  },
};
