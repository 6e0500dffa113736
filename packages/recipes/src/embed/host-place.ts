import type { HostMessage, HostRequest } from "./host-messages.js";

/** Where something is hosted, unless said otherwise a run: a thread or a process that runs the program. */
export interface HostPlace<Message = HostMessage, Request = HostRequest> {
  /** Hears what the program tells, and why the place ended by itself. */
  listen(onMessage: (message: Message) => void, onFailure: (error: Error) => void): void;
  send(request: Request): void;
  /** Ends the place, which has nothing to do any more. */
  end(): Promise<void>;
}
