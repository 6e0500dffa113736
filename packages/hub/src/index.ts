export { HubError, type HubFault } from "./hub-error.js";
export {
  type HubName,
  type HubRepository,
  isHubName,
  parseRepository,
  repositoryText,
  type RepositoryKind,
} from "./repository/hub-repository.js";
export {
  type Environment,
  type HubSettings,
  hubSettings,
  type ProxySettings,
} from "./settings/hub-settings.js";
export { type ObjectStore, openStore, type OpenStoreOptions } from "./address/object-store.js";
export { StoreObjectError } from "./address/store-object-error.js";
export { isFileAddress, shownAddress } from "./address/file-address.js";
export { cacheAddress, type CacheAddressOptions } from "./address/cache-address.js";
export { fetchAddress, type FetchAddressOptions, type FetchedFile } from "./address/fetch-address.js";
export { missingPathFault } from "./meant/missing-path-fault.js";
export { repositoryMeant } from "./meant/repository-meant.js";
export { inputsFromHub, modelFromHub, type PullRepository } from "./meant/from-hub.js";
export type { Wait } from "./http/hub-http.js";
export type { WriteAt } from "./download/partial-file.js";
export { pull, type PulledRepository, type PullOptions, type PullProgress, type PullSystem } from "./pull.js";
export {
  cachedRepositories,
  type CachedRepository,
  type CachedRevision,
  removeCached,
  type RemovedRevisions,
} from "./cache/cached-repositories.js";
export {
  push,
  type PushedFile,
  type PushedRepository,
  type PushOptions,
  type PushProgress,
} from "./push/push.js";
export { modelOfSnapshot, type SnapshotOrigin } from "./cache/model-of-snapshot.js";
