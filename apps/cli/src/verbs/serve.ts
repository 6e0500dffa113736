import { whileServing } from "@lathe/command";
import { messageOf, phrase } from "@lathe/files";
import { serveModel, type ServeModelOptions, serveOptions } from "@lathe/serve";
import { collectEarly } from "@lathe/train/process";
import { namedFolder } from "../path-rules.js";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Runs until it is interrupted: replies under way end, new requests are refused. Routes: /v1/chat/completions, /v1/completions, /v1/models, /health, /metrics.",
  examples: [
    "lathe serve --model models/base --adapter support=runs/first/adapter --port 8080",
    "LATHE_API_KEY=secret lathe serve --model models/base --host 0.0.0.0",
  ],
  options: serveOptions,
  async run(values, { io, narrator, note, recipeOptions, signal, warn }) {
    // What a request leaves among old objects is soon dead: for days of them the process is to hold what it holds for hours.
    collectEarly();
    const adapters = values.adapter.map((text) => namedFolder(text)!);
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
    const say = (): void => note(phrase`${url}/v1 answers as ${names.join(", ")}; Ctrl-C stops it`);
    await whileServing(signal, say, () => server.stop());
    const answered = requests === 1 ? phrase`${1} request answered` : phrase`${requests} requests answered`;
    return { json: { url, names, requests }, text: [answered] };
  },
});
