import { formatBytes, formatNumber, formatTable } from "@lathe/command";
import type { StepPace, StreamedStepPlan } from "@lathe/recipes";
import type { Messages } from "../messages/messages.js";
import { secondsText } from "../messages/seconds-text.js";

/** What a step takes whose weights stay on the disk. */
export function streamText(plan: StreamedStepPlan, messages: Messages): string {
  const { streamTerms, words } = messages;
  const { pace, secondsReading, balancedTokens, withSecondDisk, withSecondMachine } = plan;
  const paceText = ({ secondsPerStep, tokensPerHour }: StepPace): string =>
    messages.streamPace(secondsText(secondsPerStep), formatNumber(Math.round(tokensPerHour)));
  const rows: [string, string | null][] = [
    [words.memory, formatBytes(plan.residentBytes)],
    [streamTerms.inputs, formatBytes(plan.inputBytes)],
    [streamTerms.weights, formatBytes(plan.weightBytes)],
    [streamTerms.tokens, formatNumber(plan.tokensPerStep)],
    [streamTerms.bytesPerStep, formatBytes(plan.bytesPerStep)],
    [streamTerms.reading, secondsReading === null ? null : secondsText(secondsReading)],
    [streamTerms.computing, secondsText(plan.secondsComputing)],
    [streamTerms.step, pace && paceText(pace)],
    [streamTerms.balanced, balancedTokens === null ? null : formatNumber(balancedTokens)],
    [streamTerms.secondDisk, withSecondDisk && paceText(withSecondDisk)],
    [streamTerms.secondMachine, withSecondMachine && paceText(withSecondMachine)],
  ];
  const known = rows.filter((row): row is [string, string] => row[1] !== null);
  const budget = formatBytes(plan.budgetBytes);
  return [
    formatTable([messages.streamed(plan.quantize), ""], known),
    plan.fits ? messages.planFits(budget) : messages.planTooLarge(budget),
  ].join("\n\n");
}
