import type { HostMessage, HostRequest } from "./host-messages.js";

/** Where a run is hosted: a thread or a process that runs the program. */
export interface HostPlace {
  /** Hears what the program tells, and why the place ended by itself. */
  listen(onMessage: (message: HostMessage) => void, onFailure: (error: Error) => void): void;
  send(request: HostRequest): void;
  /** Ends the place, which has nothing to do any more. */
  end(): Promise<void>;
}
