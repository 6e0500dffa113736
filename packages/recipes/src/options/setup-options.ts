import { gateProgramNames } from "@lathe/export/gate";
import { option } from "@lathe/files";
import { z } from "zod";

/** What `setupTensorFlow` is asked for. */
export const setupTensorFlowOptions = z.object({
  tensorflow: option(
    z.string().min(1).optional(),
    "folder of the C library or of an installed tensorflow Python package",
    {
      placeholder: "dir",
      defaultText: "LATHE_TENSORFLOW or TENSORFLOW_DIR, else what Python and the system have",
    },
  ),
  force: option(z.boolean().default(false), "compile again what has been compiled"),
});

/** Which programs `setupGate` installs. */
export const setupGateOptions = z.object({
  program: option(z.enum(gateProgramNames).optional(), "install this one alone", { defaultText: "all" }),
});
