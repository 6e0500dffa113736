export { type AdapterTensors, heldTensors, type NamedTensor } from "./aggregate/adapter-tensors.js";
export {
  type Aggregated,
  type AggregatedClient,
  aggregate,
  type ClientUpdate,
  trimmedAtEachEnd,
} from "./aggregate/aggregate.js";
export {
  type AggregationOptions,
  type AggregationRule,
  aggregationRules,
  type AggregationSettings,
  type ClientWeights,
  clientWeights,
  type PrivacySettings,
  resolveAggregation,
} from "./aggregate/aggregation-settings.js";
export { federationKeys } from "./mailbox/federation-keys.js";
export { folderMailbox } from "./mailbox/folder-mailbox.js";
export type { Mailbox } from "./mailbox/mailbox.js";
export { MailboxEntryError } from "./mailbox/mailbox-entry-error.js";
export { MailboxError } from "./mailbox/mailbox-error.js";
export { openMailbox } from "./mailbox/open-mailbox.js";
export { storeMailbox } from "./mailbox/store-mailbox.js";
export {
  type Epsilon,
  epsilonOf,
  type EpsilonOptions,
  type PrivacyConversion,
  privacyConversions,
  renyiOrders,
} from "./privacy/epsilon.js";
export {
  type GaussianNoise,
  secureChance,
  secureNoise,
  seededChance,
  seededNoise,
  seededUniform,
} from "./privacy/gaussian-noise.js";
export { noiseForEpsilon } from "./privacy/noise-for-epsilon.js";
export { renyiDivergence } from "./privacy/renyi-divergence.js";
export { type ClientRound, ClientRounds } from "./rounds/client-rounds.js";
export { Coordinator, type CoordinatorOptions } from "./rounds/coordinator.js";
export type { FederationPlan } from "./rounds/federation-plan.js";
export type { RefusedUpdate, RoundReport, RoundStanding } from "./rounds/round-report.js";
export { FederationSettingsError } from "./settings-error.js";
export { ADAPTER_FILES, CONFIG_FILE, WEIGHTS_FILE } from "./updates/adapter-files.js";
export { type AdapterFile, openAdapterFile } from "./updates/adapter-file.js";
export { openUpdate } from "./updates/check-update.js";
export { UpdateError, type UpdateFault, type UpdatePlace } from "./updates/update-error.js";
