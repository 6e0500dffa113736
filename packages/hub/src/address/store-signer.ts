import { AwsV4Signer } from "aws4fetch";
import type { SignRequest } from "../http/hub-http.js";
import type { Environment } from "../settings/hub-settings.js";

/**
 * Signs requests to a store, with `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, by version 4 of Amazon's
 * signatures. Another origin than the store's gets none, whatever redirects say.
 *
 * @returns null where the environment holds no key
 */
export function storeSigner(address: string, region: string, env: Environment): SignRequest | null {
  const accessKeyId = env["AWS_ACCESS_KEY_ID"]?.trim();
  const secretAccessKey = env["AWS_SECRET_ACCESS_KEY"]?.trim();
  const sessionToken = env["AWS_SESSION_TOKEN"]?.trim();
  if (!accessKeyId || !secretAccessKey) return null;
  const { origin } = new URL(address);
  return async (url, method) => {
    if (url.origin !== origin) return {};
    const signer = new AwsV4Signer({
      method,
      url: url.href,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken ? { sessionToken } : {}),
      service: "s3",
      region,
    });
    const { headers } = await signer.sign();
    // The host is that of the address, which the request names by itself.
    return Object.fromEntries([...headers].filter(([name]) => name !== "host"));
  };
}
