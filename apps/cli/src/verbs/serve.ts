import { option, type OptionDetails, optionGroup, whileServing } from "@lathe/command";
import { asPhrase, messageOf } from "@lathe/files";
import { reasoningRules, serveDefaults, serveModel, type ServeModelOptions } from "@lathe/serve";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { engineOptions } from "../options/engine-options.js";
import { modelOption } from "../options/model-options.js";
import { adapterPath } from "../options/path-details.js";

const NAMED_FOLDER = /^([^=]+)=(.+)$/s;

/** Of an option for `NAME=DIR`, a folder of an adapter under a name. */
const namedAdapter: OptionDetails = {
  placeholder: "name=dir",
  async check(text) {
    const [, , folder] = NAMED_FOLDER.exec(text) ?? [];
    return folder === undefined
      ? asPhrase("expected a name and a folder such as support=runs/first/adapter")
      : await adapterPath.check(folder);
  },
  async resolve(text, context) {
    const [, name, folder] = NAMED_FOLDER.exec(text)!;
    return `${name}=${await adapterPath.resolve(folder, context)}`;
  },
};

const options = z.object({
  model: modelOption(),
  name: option(z.string().min(1).optional(), "name that requests call the base model by", {
    placeholder: "name",
    defaultText: "that of its folder",
  }),
  adapter: option(
    z.array(z.string().min(1)).default([]),
    "adapters and the names that requests call them by",
    { ...namedAdapter, field: null },
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

export const verb = defineVerb({
  description:
    "Runs until it is interrupted: replies under way end, new requests are refused. Routes: /v1/chat/completions, /v1/completions, /v1/models, /health, /metrics.",
  examples: [
    "lathe serve --model models/base --adapter support=runs/first/adapter --port 8080",
    "LATHE_API_KEY=secret lathe serve --model models/base --host 0.0.0.0",
  ],
  options,
  async run(values, { io, messages, narrator, note, recipeOptions, signal, warn }) {
    const adapters = values.adapter.map((text) => {
      const [, name, folder] = NAMED_FOLDER.exec(text)!;
      return { name, folder };
    });
    let requests = 0;
    const server = await serveModel({
      ...recipeOptions<ServeModelOptions>(),
      adapters,
      apiKey: values.apiKey ?? io.env["LATHE_API_KEY"],
      onRequest({ method, path, status, seconds }) {
        requests++;
        if (values.logRequests) note(`${method} ${path} ${status} ${seconds.toFixed(3)} s`);
      },
      onError: (error) => warn(messageOf(error)),
    });
    narrator.end();
    const { url, names } = server;
    const say = (): void => note(messages.serving(url, names.join(", ")));
    await whileServing(signal, say, () => server.stop());
    return { json: { url, names, requests }, text: messages.served(requests) };
  },
});
