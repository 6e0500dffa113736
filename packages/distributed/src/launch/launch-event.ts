import { type Phrase, phrase } from "@lathe/files";

/** What is told while ranks are launched. */
export type LaunchEvent =
  | {
      readonly type: "launching";
      /** Number of the launch, from 1. */
      readonly launch: number;
      readonly ranks: number;
      /** Null for this machine alone, or those of Slurm. */
      readonly hosts: readonly string[] | null;
      /** Of the checkpoint that they go on from; null where they begin. */
      readonly step: number | null;
    }
  | {
      /** The launcher has ended before the work was done. */
      readonly type: "ended";
      readonly code: number | null;
      readonly signal: string | null;
      readonly step: number | null;
    }
  | {
      /** Hosts do not answer and are left out. */
      readonly type: "away";
      readonly hosts: readonly string[];
      /** How many are left. */
      readonly left: number;
    }
  | { readonly type: "given-up"; readonly restarts: number; readonly step: number | null };

/** Open MPI's for a machine that does not answer its daemons' questions any more, an ORTE_ERR_COMM_FAILURE of −51. */
const CODE_LOST = 205;

/** Linux has signals up to this one; codes above those of signals are the launcher's own. */
const LAST_SIGNAL = 64;

/** An event as a sentence, and whether something is not as one would expect. */
export function tellLaunchEvent(event: LaunchEvent): {
  readonly isWarning: boolean;
  readonly sentence: Phrase;
} {
  switch (event.type) {
    case "launching": {
      const { launch, step } = event;
      const places = placesPhrase(event.ranks, event.hosts);
      const sentence =
        launch === 1
          ? phrase`launching ${places}`
          : step === null
            ? phrase`launch ${launch}: ${places} begin anew, as there is no checkpoint`
            : phrase`launch ${launch}: ${places} go on from step ${step}`;
      return { isWarning: false, sentence };
    }
    case "ended":
      return { isWarning: true, sentence: endedPhrase(event) };
    case "away": {
      const names = event.hosts.join(", ");
      return {
        isWarning: true,
        sentence:
          event.left === 0
            ? phrase`no host answers any more (${names}): launch again when one is there`
            : phrase`${names} does not answer and is left out`,
      };
    }
    case "given-up": {
      const { restarts } = event;
      return {
        isWarning: true,
        sentence:
          restarts === 0
            ? phrase`nothing is launched again: no restarts were asked for`
            : phrase`nothing is launched again: ${restarts} launches have come to no newer checkpoint`,
      };
    }
  }
}

function placesPhrase(ranks: number, hosts: readonly string[] | null): Phrase {
  const all = ranks === 1 ? phrase`${1} rank` : phrase`${ranks} ranks`;
  return hosts === null ? all : phrase`${all} on ${hosts.join(", ")}`;
}

function endedPhrase({ code, signal, step }: Extract<LaunchEvent, { type: "ended" }>): Phrase {
  const how =
    code === 0
      ? phrase`the launcher ended with code 0 although no rank has marked the run as done`
      : signal !== null
        ? phrase`the launcher was ended by ${signal}`
        : code === CODE_LOST
          ? phrase`the launcher lost a machine, or the network to it (code ${code})`
          : code !== null && code > 128 && code <= 128 + LAST_SIGNAL
            ? phrase`ranks ended before the run was done (code ${code}, signal ${code - 128})`
            : phrase`ranks ended before the run was done (code ${code ?? 1})`;
  return step === null
    ? phrase`${how}; there is no checkpoint yet`
    : phrase`${how}; the newest checkpoint is of step ${step}`;
}
