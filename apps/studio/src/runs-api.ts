import type { MetricsLine, PageKind, RunDetails, RunOverview, RunTotals } from "@lathe/report";

/** A page that can be opened. */
export interface LinkedPage {
  readonly id: string;
  readonly kind: PageKind;
  readonly link: string;
}

/** What the page is told over time, by the names of the events. */
export interface LiveEvents {
  /** Runs that are new or have changed, and those that are gone. The first of a connection has all. */
  readonly runs: {
    readonly folder: string;
    readonly isWhole: boolean;
    readonly changed: readonly RunOverview[];
    readonly gone: readonly string[];
    readonly pages: readonly LinkedPage[];
    /** Whether there are more folders than are looked through. */
    readonly isCut: boolean;
  };
  /** Points of a run's course, from an index on. */
  readonly curve: {
    readonly run: string;
    readonly from: number;
    readonly points: readonly MetricsLine[];
    readonly totals: RunTotals;
    readonly badLines: number;
  };
}

/** What a run says of itself. */
export type DetailsReply = RunDetails;

/** Who answers in a chat. */
export type Side = "base" | "tuned";

/** A turn of a conversation. */
export interface Turn {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** What the page asks to be answered. */
export interface ChatRequest {
  readonly run: string;
  /** What each side is asked, which has its own earlier replies in it; answered in this order. */
  readonly sides: readonly { readonly side: Side; readonly messages: readonly Turn[] }[];
  readonly maxNewTokens: number;
  readonly temperature: number;
}

/** What is said in a chat over time, by the names of the events. */
export interface ChatEvents {
  /** Others are being answered first. */
  readonly waiting: Record<string, never>;
  readonly begin: { readonly side: Side };
  readonly piece: { readonly side: Side; readonly text: string };
  readonly end: { readonly side: Side; readonly finishReason: "stop" | "length"; readonly tokens: number };
  readonly fault: { readonly message: string };
}
