/** One way of running the peer. */
export interface PeerSetup {
  /** As it is written after `--peers`, e.g. `bf16-compiled`. */
  readonly name: string;
  readonly dtype: "fp32" | "bf16";
  readonly compile: boolean;
  readonly checkpointing: boolean;
}

const form = /^(fp32|bf16)(-compiled)?(-checkpointed)?$/;

/** How `--peers` is written, for help and messages. */
export const peerSetupForm = "fp32 or bf16, then -compiled and -checkpointed as wanted";

/** Reads a name such as `bf16-compiled-checkpointed`; null where it is none. */
export function parsePeerSetup(name: string): PeerSetup | null {
  const parts = form.exec(name);
  if (!parts) return null;
  return {
    name,
    dtype: parts[1] as PeerSetup["dtype"],
    compile: parts[2] !== undefined,
    checkpointing: parts[3] !== undefined,
  };
}

/** The setups that are measured unless told otherwise: all that may be the fastest, and the smallest where Lathe recomputes. */
export function defaultPeerSetups(checkpointing: string): string[] {
  const fastest = ["fp32", "bf16", "bf16-compiled", "fp32-compiled"];
  return checkpointing === "block" ? [...fastest, "bf16-checkpointed"] : fastest;
}
