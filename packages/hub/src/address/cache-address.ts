import { hubSettings } from "../settings/hub-settings.js";
import { fetchAddress, type FetchAddressOptions } from "./fetch-address.js";

/** How {@link cacheAddress} goes about it. */
export type CacheAddressOptions = Omit<FetchAddressOptions, "folder">;

/**
 * The file at an address, brought into the cache once: as long as its server says that it is in the same state, the copy here is used.
 *
 * @returns its path here
 * @throws FileError, HubError and the signal's reason as {@link fetchAddress} does
 */
export async function cacheAddress(address: string, options: CacheAddressOptions = {}): Promise<string> {
  const { file } = await fetchAddress(address, { ...options, folder: hubSettings(options.env).files });
  return file;
}
