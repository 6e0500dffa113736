import type { TextPiece } from "@lathe/model";
import type { ChatSide, RunChatOptions, SideRequest } from "../chat/run-chat.js";
import type { RecipeEvent } from "../recipe-event.js";
import type { Reply } from "../respond.js";
import type { CarriedError } from "./carried-error.js";

/** What the thread of a chat is asked: to open it, then for one reply after the other, each of which may be stopped. */
export type ChatRequestMessage =
  | { readonly type: "begin"; readonly run: string; readonly options: Omit<RunChatOptions, "onEvent"> }
  | { readonly type: "reply"; readonly side: ChatSide; readonly request: Omit<SideRequest, "signal"> }
  | { readonly type: "stop" };

/** What it tells: events at any time, the pieces of a reply, and how it ended. */
export type ChatMessageTold =
  | { readonly type: "event"; readonly event: RecipeEvent }
  | { readonly type: "piece"; readonly piece: TextPiece }
  | { readonly type: "end"; readonly reply: Reply }
  | {
      readonly type: "fault";
      readonly error: CarriedError;
      /** Whether it ended because it was told to. */
      readonly isStop: boolean;
    };
