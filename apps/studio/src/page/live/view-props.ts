import type { Client } from "../client.js";
import type { Language } from "../words.js";
import type { LiveState } from "./live-state.js";
import type { Route } from "./route.js";
import type { RunsWords } from "./words.js";

/** What every view of the studio is given. */
export interface ViewProps {
  readonly client: Client;
  readonly state: LiveState;
  readonly language: Language;
  readonly said: RunsWords;
  /** The address of something else in the studio. */
  readonly linkTo: (route: Route) => string;
}
