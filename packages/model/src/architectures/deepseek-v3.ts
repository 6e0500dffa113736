import { latentMixtureDecoder } from "./latent-mixture/latent-mixture-decoder.js";

/** DeepSeek-V3 (arXiv:2412.19437), which DeepSeek-R1 is, and models of its class such as Moonlight. */
export const deepseekV3 = latentMixtureDecoder("deepseek_v3");

/** Kimi K2 (arXiv:2507.20534): DeepSeek-V3's layers under a name of its own. */
export const kimiK2 = latentMixtureDecoder("kimi_k2");
