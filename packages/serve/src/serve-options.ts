import { option, optionGroup } from "@lathe/files";
import { engineOptions, modelOption } from "@lathe/recipes/options";
import { z } from "zod";
import { reasoningRules } from "./reading/reply-reader.js";
import { serveDefaults } from "./serve-model.js";

/** What is served, where, and how much at one time. */
export const serveOptions = z.object({
  model: modelOption(),
  name: option(z.string().min(1).optional(), "name that requests call the base model by", {
    placeholder: "name",
    defaultText: "that of its folder",
  }),
  adapter: option(
    z.array(z.string().min(1)).default([]),
    "adapters and the names that requests call them by",
    { placeholder: "name=dir", path: { kind: "named adapter" }, field: null },
  ),
  ...optionGroup("Serving", {
    host: option(
      z.string().min(1).default(serveDefaults.host),
      "address to listen at; one that others reach needs --api-key",
      { placeholder: "address" },
    ),
    port: option(
      z.int().min(0).max(65_535).default(serveDefaults.port),
      "port to listen at; 0 for any that is free",
    ),
    apiKey: option(z.string().min(1).optional(), "key that requests must bear", {
      field: null,
      placeholder: "key",
      defaultText: "LATHE_API_KEY",
    }),
    allowedHosts: option(
      z.array(z.string().min(1)).default([]),
      "names besides those of this machine that requests may call it by",
      { placeholder: "name" },
    ),
    batchSize: option(z.int().min(1).default(serveDefaults.batchSize), "replies computed at one time"),
    queueSize: option(
      z.int().min(0).default(serveDefaults.queueSize),
      "replies that wait at most; more are refused",
    ),
    cacheTokens: option(
      z.int().min(2).default(serveDefaults.cacheTokens),
      "held at most, of replies under way and of texts kept for those that begin alike",
      { unit: "tokens" },
    ),
    maxNewTokens: option(
      z.int().min(1).default(serveDefaults.maxNewTokens),
      "new tokens of a reply whose request does not say",
      { unit: "tokens" },
    ),
    deadlineSeconds: option(
      z.number().positive().default(serveDefaults.deadlineSeconds),
      "seconds that a reply may take, waiting included",
      { placeholder: "n" },
    ),
    reasoning: option(
      z.enum(reasoningRules).default(serveDefaults.reasoning),
      "what becomes of what the model thinks before it answers",
      { placeholder: "rule" },
    ),
    cache: option(
      z.enum(["auto", "fp32", "bf16", "int8"]).default("auto"),
      "how keys and values of past tokens are kept; auto for the engine's default",
      { placeholder: "format" },
    ),
    logRequests: option(z.boolean().default(false), "say each request's route, status and time", {
      field: null,
    }),
  }),
  ...engineOptions,
});
