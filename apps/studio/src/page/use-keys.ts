import { useLayoutEffect } from "preact/hooks";
import {
  type ChangeDraft,
  type Draft,
  firstMissing,
  type Slot,
  slotId,
  slotsOf,
  withValue,
} from "./draft.js";

/** What keys do. */
export interface KeyActions {
  /** The draft as it is now. */
  readonly draftNow: () => Draft;
  readonly changeDraft: ChangeDraft;
  readonly onSave: () => void;
  readonly onBack: () => void;
}

const fieldOf = (slot: Slot): HTMLElement | null => document.querySelector(`[data-slot="${slotId(slot)}"]`);

/** Puts the focus on a question: on what was chosen, else on the first choice. */
export function focusSlot(slot: Slot): void {
  const field = fieldOf(slot);
  const chosen =
    field?.querySelector<HTMLElement>("input:checked") ?? field?.querySelector<HTMLElement>("input");
  chosen?.focus();
}

/** The question that has the focus, else the first without an answer, else the last. */
function currentSlot(draft: Draft): Slot {
  const slots = slotsOf(draft);
  const focused = document.activeElement?.closest("[data-slot]")?.getAttribute("data-slot");
  return slots.find((slot) => slotId(slot) === focused) ?? firstMissing(draft) ?? slots[slots.length - 1];
}

/**
 * Lets a task be judged by keys alone; not while a text is written, and not with another key held. Listens from the moment the task
 * is in the page on: keys may come before it is drawn.
 */
export function useKeys(isOn: boolean, { draftNow, changeDraft, onSave, onBack }: KeyActions): void {
  useLayoutEffect(() => {
    if (!isOn) return;
    const onKey = (event: KeyboardEvent): void => {
      const { key, target } = event;
      if (target instanceof HTMLTextAreaElement) {
        if (key === "Escape") target.blur();
        else if (key === "Enter" && (event.ctrlKey || event.metaKey)) onSave();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      // Buttons and links have their own meaning of Enter.
      if (
        target instanceof HTMLButtonElement ||
        target instanceof HTMLSelectElement ||
        target instanceof HTMLAnchorElement
      )
        return;
      const draft = draftNow();
      const slots = slotsOf(draft);
      const slot = currentSlot(draft);
      const place = slots.findIndex((one) => slotId(one) === slotId(slot));
      const go = (to: number): void => {
        if (to >= 0 && to < slots.length) focusSlot(slots[to]);
      };
      if (/^[1-5]$/.test(key)) {
        const value = slot.kind === "rating" ? Number(key) : Number(key) - 2;
        if (slot.kind === "preference" && value > 1) return;
        changeDraft((before) => withValue(before, slot, value));
        go(Math.min(place + 1, slots.length - 1));
      } else if (key === "j") go(place + 1);
      else if (key === "k") go(place - 1);
      else if (key === "c") document.getElementById("comment")?.focus();
      else if (key === "u") onBack();
      else if (key === "Enter") onSave();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  });
}
