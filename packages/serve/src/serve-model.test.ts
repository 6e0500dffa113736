/** The server as its clients see it: the official client of OpenAI, and requests as chat programs send them. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { loadModel } from "@lathe/model";
import { attach, saveAdapter, trainableParameters } from "@lathe/peft";
import { openModel, respond } from "@lathe/recipes";
import { startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { Ajv2020 } from "ajv/dist/2020.js";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ModelServer, serveModel, type ServeModelOptions } from "./serve-model.js";
import { chatModel, temporaryFolder } from "./testing/folders.js";
import { seededNumbers } from "../../tensor/testing/seeded-numbers.js";

type Messages = OpenAI.ChatCompletionMessageParam[];
const user = (content: string): Messages => [{ role: "user", content }];
const questions = ["你好", "我想退货", "如何修改密码？", "订单什么时候发货", "Where is my order?", "谢谢"];

/** An adapter of random matrices that are large enough to change what is said. */
async function randomAdapter(folder: string, seed: number): Promise<string> {
  const model = await loadModel(chatModel);
  attach(model, { rank: 4, alpha: 16, targets: ["q", "v", "down"], seed });
  const draw = seededNumbers(seed);
  for (const { variable } of trainableParameters(model)) {
    const values = Float32Array.from({ length: variable.size }, () => (draw() - 0.5) / 4);
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
  await saveAdapter(model, folder);
  model.dispose();
  return folder;
}

let folder: string;
let adapters: { name: string; folder: string }[];
beforeAll(async () => {
  await startEngine("native", "fp32");
  folder = await temporaryFolder();
  adapters = [];
  for (const [index, name] of ["one", "two"].entries()) {
    adapters.push({ name, folder: await randomAdapter(join(folder, name), 11 + index) });
  }
});

const options = (more: Partial<ServeModelOptions> = {}): ServeModelOptions => ({
  model: chatModel,
  name: "base",
  adapters,
  port: 0,
  engine: "native",
  precision: "fp32",
  maxNewTokens: 24,
  ...more,
});
const clientOf = (server: ModelServer, apiKey = "none"): OpenAI =>
  new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 });

/** What `respond` makes of a dialogue under an adapter or none. */
async function responded(messages: Messages, adapter: string | null, maxNewTokens = 24): Promise<string> {
  const model = await openModel(chatModel, {
    engine: "native",
    precision: "fp32",
    ...(adapter === null ? {} : { adapter }),
  });
  let text = "";
  for await (const piece of respond({
    model,
    messages: messages as never,
    generation: { temperature: 0, maxNewTokens },
  })) {
    text += piece.text;
  }
  model.dispose();
  return text;
}

describe("a server", () => {
  let server: ModelServer;
  let client: OpenAI;
  beforeAll(async () => {
    server = await serveModel(options());
    client = clientOf(server);
  });
  afterAll(async () => await server.stop());

  async function create(
    body: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>,
  ): Promise<OpenAI.ChatCompletion> {
    return await client.chat.completions.create({
      model: "base",
      messages: user("你好"),
      temperature: 0,
      ...body,
    });
  }

  it("lists the base and its adapters", async () => {
    const names: string[] = [];
    for await (const { id } of client.models.list()) names.push(id);
    expect(names).toEqual(["base", "one", "two"]);
    expect(await client.models.retrieve("two")).toMatchObject({ id: "two", parent: "base" });
    await expect(client.models.retrieve("three")).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
    });
  });

  it("answers many at once as each alone, under the base and both adapters in one batch", async () => {
    const asked = questions.flatMap((question, index) => {
      const model = ["base", "one", "two"][index % 3];
      return [
        { model, question },
        { model: "base", question },
      ];
    });
    const replies = await Promise.all(
      asked.map(async ({ model, question }) => await create({ model, messages: user(question) })),
    );
    for (const [index, { model, question }] of asked.entries()) {
      const adapter = adapters.find(({ name }) => name === model)?.folder ?? null;
      const [choice] = replies[index].choices;
      expect(choice.message.content, `${model}: ${question}`).toBe(await responded(user(question), adapter));
    }
    const texts = new Set(replies.map(({ choices }) => choices[0].message.content));
    expect(texts.size).toBeGreaterThan(questions.length);
  });

  it("streams what it says at once, with the tokens taken", async () => {
    const whole = await create({ messages: user("我想退货") });
    const stream = await client.chat.completions.create({
      model: "base",
      messages: user("我想退货"),
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let usage: OpenAI.CompletionUsage | null | undefined;
    const reasons: (string | null)[] = [];
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      if (chunk.choices[0]?.finish_reason) reasons.push(chunk.choices[0].finish_reason);
      usage = chunk.usage;
    }
    expect(text).toBe(whole.choices[0].message.content);
    expect(reasons).toEqual([whole.choices[0].finish_reason]);
    expect(usage?.completion_tokens).toBe(whole.usage?.completion_tokens);
    expect(usage?.prompt_tokens).toBe(whole.usage?.prompt_tokens);
    // The question was asked before: all but its last token were kept.
    expect(usage?.prompt_tokens_details?.cached_tokens).toBe(usage!.prompt_tokens - 1);
  });

  it("draws by the seed, and n replies that differ", async () => {
    const asked = { temperature: 1, seed: 5, n: 3 };
    const [first, second] = [await create(asked), await create(asked)];
    const texts = first.choices.map(({ message }) => message.content);
    expect(second.choices.map(({ message }) => message.content)).toEqual(texts);
    expect(new Set(texts).size).toBe(3);
    expect((await create({ ...asked, seed: 6 })).choices[0].message.content).not.toBe(texts[0]);
  });

  it("ends at stop texts and lengths", async () => {
    const whole = (await create({ max_completion_tokens: 16 })).choices[0].message.content!;
    const stop = whole.slice(3, 5);
    const [cut] = (await create({ stop: [stop, "never"] })).choices;
    expect(cut.message.content).toBe(whole.slice(0, whole.indexOf(stop)));
    expect(cut.finish_reason).toBe("stop");
    const short = await create({ max_tokens: 2 });
    expect(short.choices[0].finish_reason).toBe("length");
    expect(short.usage?.completion_tokens).toBe(2);
  });

  it("tells probabilities that sum to one at most, the likeliest first", async () => {
    const { choices } = await create({ logprobs: true, top_logprobs: 5, max_tokens: 6 });
    const { content } = choices[0].logprobs!;
    expect(content!.length).toBeGreaterThan(0);
    for (const { token, logprob, top_logprobs: top } of content!) {
      expect(top).toHaveLength(5);
      expect([top[0].token, top[0].logprob]).toEqual([token, logprob]);
      expect(top.map((one) => one.logprob)).toEqual(top.map((one) => one.logprob).toSorted((a, b) => b - a));
      expect(top.reduce((sum, one) => sum + Math.exp(one.logprob), 0)).toBeLessThanOrEqual(1 + 1e-6);
    }
    const joined = Buffer.from(content!.flatMap(({ bytes }) => bytes ?? [])).toString("utf8");
    expect(joined.startsWith(choices[0].message.content!)).toBe(true);
    const plain = await client.completions.create({
      model: "base",
      prompt: "你好",
      logprobs: 2,
      max_tokens: 4,
      temperature: 0,
    });
    expect(plain.choices[0].logprobs!.tokens!.join("")).toBe(plain.choices[0].text);
  });

  it("moves the odds by penalties and biases", async () => {
    const { choices } = await create({ max_tokens: 12, logprobs: true });
    const ids = choices[0].logprobs!.content!.map(({ token }) => token);
    const penalised = await create({
      max_tokens: 12,
      logprobs: true,
      frequency_penalty: 2,
      presence_penalty: 2,
    });
    const others = penalised.choices[0].logprobs!.content!.map(({ token }) => token);
    expect(new Set(others).size).toBeGreaterThanOrEqual(new Set(ids).size);
    const biased = await create({ max_tokens: 3, logit_bias: { 7: 100 } });
    expect(biased.choices[0].message.content).toBe("!!!");
  });

  it("continues texts and ids, several at once", async () => {
    const prompts = ["你好", "订单"];
    const both = await client.completions.create({
      model: "one",
      prompt: prompts,
      max_tokens: 8,
      temperature: 0,
      n: 2,
    });
    expect(both.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    for (const [index, prompt] of prompts.entries()) {
      const alone = await client.completions.create({ model: "one", prompt, max_tokens: 8, temperature: 0 });
      expect(both.choices[2 * index].text).toBe(alone.choices[0].text);
      expect(both.choices[2 * index + 1].text).toBe(alone.choices[0].text);
    }
    const ofIds = await client.completions.create({ model: "base", prompt: [5, 6, 7], max_tokens: 2 });
    expect(ofIds.usage?.prompt_tokens).toBe(3);
    const chunks: string[] = [];
    for await (const chunk of await client.completions.create({
      model: "base",
      prompt: "你好",
      max_tokens: 8,
      temperature: 0,
      stream: true,
    })) {
      chunks.push(chunk.choices[0].text);
    }
    const whole = await client.completions.create({
      model: "base",
      prompt: "你好",
      max_tokens: 8,
      temperature: 0,
    });
    expect(chunks.join("")).toBe(whole.choices[0].text);
  });

  it("holds replies to a schema, and to JSON", async () => {
    const schema = {
      type: "object",
      properties: {
        intent: { enum: ["refund", "delivery", "other"] },
        urgent: { type: "boolean" },
        words: { type: "array", items: { type: "string", maxLength: 4 }, maxItems: 2 },
      },
      required: ["intent", "urgent", "words"],
      additionalProperties: false,
    };
    const validate = new Ajv2020().compile(schema);
    const replies = await Promise.all(
      [0, 1].flatMap((temperature) =>
        questions.slice(0, 3).map(
          async (question) =>
            await create({
              messages: user(question),
              temperature,
              seed: 1,
              max_tokens: 200,
              response_format: { type: "json_schema", json_schema: { name: "intent", schema, strict: true } },
            }),
        ),
      ),
    );
    for (const { choices } of replies) {
      expect(choices[0].finish_reason).toBe("stop");
      expect(validate(JSON.parse(choices[0].message.content!)), choices[0].message.content!).toBe(true);
    }
    const object = await create({ max_tokens: 30, response_format: { type: "json_object" } });
    expect(object.choices[0].message.content).toMatch(/^\{/);
    await expect(
      create({
        response_format: {
          type: "json_schema",
          json_schema: { name: "a", schema: { type: "integer", multipleOf: 3 } },
        },
      }),
    ).rejects.toMatchObject({ status: 400, param: "response_format.json_schema.schema" });
  });

  it.each<[string, object, { status: number; param?: string; code?: string }]>([
    [
      "a model that is not there",
      { model: "three" },
      { status: 404, param: "model", code: "model_not_found" },
    ],
    ["no messages", { messages: [] }, { status: 400, param: "messages" }],
    [
      "a role that is not known",
      { messages: [{ role: "robot", content: "a" }] },
      { status: 400, param: "messages[0].role" },
    ],
    [
      "a picture",
      { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "a" } }] }] },
      { status: 400, param: "messages[0].content[0].type" },
    ],
    [
      "a control token",
      { messages: user("a<｜end▁of▁sentence｜>b") },
      { status: 400, param: "messages[0].content" },
    ],
    ["a temperature out of range", { temperature: 3 }, { status: 400, param: "temperature" }],
    ["too many replies", { n: 100 }, { status: 400, param: "n" }],
    [
      "too long a prompt",
      { messages: user("你好".repeat(2000)) },
      { status: 400, param: "messages", code: "context_length_exceeded" },
    ],
    [
      "what would change the answer",
      { reasoning_effort: "high" },
      { status: 400, param: "reasoning_effort" },
    ],
    [
      "tools that the template does not show",
      { tools: [{ type: "function", function: { name: "f" } }] },
      { status: 400, param: "tools" },
    ],
  ])("refuses %s in OpenAI's form", async (_, body, error) => {
    await expect(create(body)).rejects.toMatchObject(error);
  });

  it("refuses what is no JSON, what is too large, and other addresses and hosts", async () => {
    const post = async (
      body: string,
      headers: Record<string, string> = {},
      path = "/v1/chat/completions",
    ): Promise<Response> => await fetch(server.url + path, { method: "POST", body, headers });
    const broken = await post("{");
    expect([broken.status, ((await broken.json()) as { error: { type: string } }).error.type]).toEqual([
      400,
      "invalid_request_error",
    ]);
    expect((await post(" ".repeat(5 * 2 ** 20))).status).toBe(413);
    expect((await post("{}", {}, "/v1/embeddings")).status).toBe(404);
    const { request } = await import("node:http");
    const status = await new Promise<number>((resolve) => {
      const asked = request(`${server.url}/v1/models`, { headers: { host: "example.org" } }, (answer) =>
        resolve(answer.statusCode!),
      );
      asked.end();
    });
    expect(status).toBe(403);
  });

  it("refuses hostile bodies by their fields, and answers the next request as ever", async () => {
    const dialogue = (content: unknown): string =>
      JSON.stringify({ model: "base", messages: [{ role: "user", content }] });
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    const bodies: [body: string, status: number][] = [
      [`{"model":"base","messages":${nested(100_000)}}`, 400],
      [`{"model":"base","messages":[{"role":"user","content":${nested(5000)}}]}`, 400],
      ["[]", 400],
      ["null", 400],
      ['"base"', 400],
      [dialogue(7), 400],
      [dialogue({ toString: "a" }), 400],
      [`{"model":"base","messages":[{"role":"user","content":"a"}],"max_tokens":1e999}`, 400],
      [`{"model":"base","messages":[{"role":"user","content":"a"}],"max_tokens":"8"}`, 400],
      [`{"model":"base","messages":[{"role":"user","content":"a"}],"seed":0.5}`, 400],
      [`{"model":"base","messages":[{"role":"user","content":"a"}],"stop":[""]}`, 400],
      [`{"model":"base","messages":[{"role":"user","content":"a"}],"logit_bias":{"-1":1}}`, 400],
      [`{"model":"base","model":"one","messages":[{"role":"user","content":"a"}],"max_tokens":1}`, 400],
      [`{"__proto__":{"model":"base"},"messages":[{"role":"user","content":"a"}]}`, 400],
      [`{"model":"__proto__","messages":[{"role":"user","content":"a"}]}`, 404],
      [`{"model":"../../etc/passwd","messages":[{"role":"user","content":"a"}]}`, 404],
      [
        JSON.stringify({
          model: "base",
          messages: user("a"),
          max_tokens: 1,
          response_format: {
            type: "json_schema",
            json_schema: {
              name: "deep",
              schema: JSON.parse('{"items":'.repeat(2000) + "{}" + "}".repeat(2000)) as object,
            },
          },
        }),
        400,
      ],
      // What has no meaning here is passed over; half of a character is a character that cannot be shown.
      [
        `{"model":"base","messages":[{"role":"user","content":"a"}],"max_tokens":1,"unheard_of":{"a":[1]}}`,
        200,
      ],
      [String.raw`{"model":"base","messages":[{"role":"user","content":"a\ud83d"}],"max_tokens":1}`, 200],
      [dialogue("a\u0000b").replace("}]", '}],"max_tokens":1'), 200],
    ];
    for (const [body, status] of bodies) {
      const answer = await fetch(`${server.url}/v1/chat/completions`, { method: "POST", body });
      const text = await answer.text();
      expect(answer.status, `${body.slice(0, 120)}\n${text.slice(0, 300)}`).toBe(status);
      // The error is said in few words, and nothing of the program's own is in it.
      if (status !== 200) {
        const { error } = JSON.parse(text) as { error: { message: string } };
        expect(error.message.length).toBeLessThan(500);
        expect(error.message).not.toMatch(/node_modules|\.ts:|at \w+ \(/);
      }
    }
    expect((await create({ max_tokens: 4 })).usage!.completion_tokens).toBe(4);
  });

  it("answers requests as chat programs send them", async () => {
    const post = async (body: object): Promise<Response> =>
      await fetch(`${server.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: "Bearer sk-none" },
        body: JSON.stringify(body),
      });
    const openWebUi = await post({
      stream: true,
      model: "one",
      stream_options: { include_usage: true },
      messages: [
        { role: "system", content: "简短回答。" },
        { role: "user", content: [{ type: "text", text: "你好" }] },
      ],
      max_tokens: 8,
      temperature: 0.8,
      top_p: 0.9,
      seed: 1,
      stop: ["###"],
      frequency_penalty: 0,
      logit_bias: {},
    });
    const lines = (await openWebUi.text()).split("\n\n").filter((line) => line !== "");
    expect(openWebUi.headers.get("content-type")).toContain("text/event-stream");
    expect(lines.at(-1)).toBe("data: [DONE]");
    expect(JSON.parse(lines.at(-2)!.slice(6))).toMatchObject({
      choices: [],
      usage: { completion_tokens: 8 },
    });
    const libreChat = await post({
      model: "base",
      user: "66f0c1",
      temperature: 1,
      top_p: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      messages: [
        { role: "user", content: "你好" },
        { role: "assistant", content: "您好" },
        { role: "user", content: "我想退货", name: "guest" },
      ],
      stream: false,
      max_tokens: 8,
      stop: null,
      n: null,
      metadata: { chat: "1" },
      store: false,
    });
    expect(libreChat.status).toBe(200);
    expect(await libreChat.json()).toMatchObject({
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant" } }],
    });
  });

  it("counts the replies of every step, also of those that compute a part of a prompt", async () => {
    const counts = async (): Promise<number[]> => {
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      const numbers = ["lathe_stepped_replies_total", "lathe_step_seconds_count"].map((name) =>
        Number(new RegExp(`^${name} (\\d+)$`, "m").exec(metrics)![1]),
      );
      return numbers;
    };
    const before = await counts();
    const { usage } = await create({ messages: user("你好".repeat(600)), max_tokens: 3 });
    expect(usage!.prompt_tokens).toBeGreaterThan(512);
    const [stepped, steps] = (await counts()).map((count, index) => count - before[index]);
    expect(steps).toBeGreaterThan(3);
    expect(stepped).toBe(steps);
  });

  it("tells Prometheus and health checks how it is, without a word of what was said", async () => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/^lathe_requests_total\{route="\/v1\/chat\/completions",status="200"\} \d+$/m);
    expect(metrics).toMatch(/^lathe_first_token_seconds_count \d+$/m);
    expect(metrics).not.toContain("你好");
    expect(await (await fetch(`${server.url}/health`)).json()).toEqual({
      status: "ok",
      running: 0,
      waiting: 0,
    });
  });
});

describe("a model whose template shows tools", () => {
  const template = `{%- if tools %}{% for tool in tools %}{{ tool | tojson }}{% endfor %}{% endif %}
{%- for m in messages %}<{{ m.role }}>{{ m.content or "" }}
{%- for call in m.tool_calls or [] %}<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments if call.function.arguments is string else call.function.arguments | tojson }}}
</tool_call>{% endfor %}{% endfor %}
{%- if add_generation_prompt %}<assistant>{% endif %}`;
  const size = { type: "integer" };
  const tools = [
    {
      name: "move",
      description: "Moves a piece.",
      parameters: {
        type: "object",
        properties: { to: { $ref: "#/$defs/place" } },
        required: ["to"],
        additionalProperties: false,
        $defs: { place: { enum: ["attic", "cellar"] } },
      },
    },
    {
      name: "resize",
      parameters: { type: "object", properties: { size }, required: ["size"], additionalProperties: false },
    },
    { name: "wait" },
  ].map((tool) => ({ type: "function" as const, function: tool }));
  const takes: Readonly<Record<string, (given: Record<string, unknown>) => boolean>> = {
    move: (given) => ["attic", "cellar"].includes(given["to"] as string) && Object.keys(given).length === 1,
    resize: (given) => Number.isInteger(given["size"]) && Object.keys(given).length === 1,
    wait: () => true,
  };
  let server: ModelServer;
  let client: OpenAI;
  beforeAll(async () => {
    const model = join(folder, "tools-model");
    await cp(chatModel, model, { recursive: true });
    await writeFile(join(model, "chat_template.jinja"), template);
    server = await serveModel(options({ model, adapters: [], maxNewTokens: 200 }));
    client = clientOf(server);
  });
  afterAll(async () => await server.stop());

  const ask = async (
    choice: OpenAI.ChatCompletionToolChoiceOption,
    more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {},
  ): Promise<OpenAI.ChatCompletion> =>
    await client.chat.completions.create({
      model: "base",
      messages: user("你好"),
      temperature: 1,
      tools,
      tool_choice: choice,
      ...more,
    });
  const callsOf = ({ choices }: OpenAI.ChatCompletion) =>
    choices.map(({ message, finish_reason: reason }) => {
      expect(message.content).toBeNull();
      expect(reason).toBe("tool_calls");
      expect(message.tool_calls).toHaveLength(1);
      const [call] = message.tool_calls!;
      if (call.type !== "function") throw new Error(call.type);
      const { name, arguments: text } = call.function;
      const given = JSON.parse(text) as Record<string, unknown>;
      expect(takes[name](given), `${name} ${text}`).toBe(true);
      return name;
    });

  it("calls the tool that is named, with arguments of its schema", async () => {
    for (const { function: tool } of tools.slice(0, 2)) {
      const choice = { type: "function" as const, function: { name: tool.name } };
      const called = await Promise.all(
        Array.from({ length: 4 }, async (_, seed) => await ask(choice, { seed })),
      );
      expect(called.flatMap(callsOf)).toEqual(Array(4).fill(tool.name));
    }
  });

  it("calls one of the tools where a call is required", async () => {
    const called = await Promise.all(
      Array.from(
        { length: 4 },
        async (_, seed) => await ask("required", { seed, n: 2, tools: tools.slice(0, 2) }),
      ),
    );
    expect(called.flatMap(callsOf)).toHaveLength(8);
  });

  it("streams such a call as any other", async () => {
    const stream = await client.chat.completions.create({
      model: "base",
      messages: user("你好"),
      temperature: 1,
      seed: 3,
      tools,
      stream: true as const,
      tool_choice: { type: "function", function: { name: "resize" } },
    });
    let text = "";
    let name = "";
    let content = "";
    for await (const { choices } of stream) {
      const { delta } = choices[0];
      content += delta.content ?? "";
      for (const call of delta.tool_calls ?? []) {
        name += call.function?.name ?? "";
        text += call.function?.arguments ?? "";
      }
    }
    expect([name, content]).toEqual(["resize", ""]);
    expect(takes["resize"](JSON.parse(text) as Record<string, unknown>), text).toBe(true);
  });

  it("calls none where none is to be called", async () => {
    const { choices } = await ask("none", { max_tokens: 12 });
    expect(choices[0].message.tool_calls).toBeUndefined();
    expect(choices[0].finish_reason).not.toBe("tool_calls");
  });

  it.each<[string, OpenAI.ChatCompletionToolChoiceOption, typeof tools, string, RegExp]>([
    [
      "a tool that is not there",
      { type: "function", function: { name: "fly" } },
      tools,
      "tool_choice",
      /"fly", which is none/,
    ],
    ["a call without tools", "required", [], "tool_choice", /there are no tools/],
    [
      "arguments that cannot be held to their schema",
      "required",
      [
        {
          type: "function",
          function: { name: "f", parameters: { type: "integer", multipleOf: 3 } as never },
        },
      ],
      "tools",
      /multipleOf/,
    ],
  ])("refuses %s by name", async (_, choice, given, param, message) => {
    const refusal = ask(choice, { tools: given });
    await expect(refusal).rejects.toMatchObject({ status: 400, param });
    await expect(refusal).rejects.toThrow(message);
  });
});

describe("a server with few places", () => {
  it("refuses what finds no place, gives places back, and ends replies under way when it stops", async () => {
    const server = await serveModel(options({ batchSize: 2, queueSize: 1, maxNewTokens: 60 }));
    const client = clientOf(server);
    const ask = async (): Promise<OpenAI.ChatCompletion> =>
      await client.chat.completions.create({
        model: "base",
        messages: user("你好"),
        logit_bias: { 1: -100 },
      });
    const settled = await Promise.allSettled(Array.from({ length: 8 }, ask));
    const refused = settled
      .filter((one) => one.status === "rejected")
      .map((one) => one.reason as { status: number; headers: Headers });
    expect(settled.length - refused.length).toBeGreaterThanOrEqual(3);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, headers } of refused)
      expect([status, headers.get("retry-after")]).toEqual([429, "1"]);
    const last = ask();
    await delay(20);
    const stopping = server.stop();
    const late = await fetch(`${server.url}/v1/models`).then(
      () => "answered",
      () => "refused",
    );
    expect(["answered", "refused"]).toContain(late);
    await expect(ask()).rejects.toThrow();
    expect((await last).choices[0].finish_reason).toBe("length");
    await stopping;
  });

  it("gives the place of a client that stops reading to others, and the whole reply when it reads again", async () => {
    const server = await serveModel(options({ batchSize: 2, queueSize: 0, cacheTokens: 2048 }));
    const body = JSON.stringify({
      model: "base",
      messages: user("你好"),
      logit_bias: { 1: -100 },
      n: 2,
      max_tokens: 60,
      stream: true,
    });
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname).pause();
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    const running = async (): Promise<number> =>
      ((await (await fetch(`${server.url}/health`)).json()) as { running: number }).running;
    await expect.poll(running, { interval: 2 }).toBe(2);
    await expect.poll(running, { timeout: 20_000 }).toBe(0);
    const ask = { model: "base", messages: user("你好"), max_tokens: 4, n: 2 };
    expect((await clientOf(server).chat.completions.create(ask)).choices).toHaveLength(2);
    let text = "";
    socket.on("data", (data) => (text += data.toString("latin1")));
    socket.resume();
    await new Promise((resolve) => socket.once("close", resolve));
    expect(text.match(/"finish_reason":"length"/g)).toHaveLength(2);
    expect(text).toContain("data: [DONE]");
    await server.stop();
  });

  it("gives up replies whose time is over", async () => {
    const server = await serveModel(options({ deadlineSeconds: 0.05, maxNewTokens: 900 }));
    const asked = clientOf(server).chat.completions.create({
      model: "base",
      messages: user("你好"),
      logit_bias: { 1: -100 },
    });
    await expect(asked).rejects.toMatchObject({ status: 504, code: "timeout" });
    await server.stop();
  });

  it("survives clients that go at any moment: no place is stuck, and the memory is given back", async () => {
    const rounds = Number(process.env["LATHE_ABORTS"] ?? 1000);
    const seed = 3;
    const draw = seededNumbers(seed);
    const server = await serveModel(
      options({ batchSize: 4, queueSize: 8, cacheTokens: 2048, maxNewTokens: 12 }),
    );
    const client = clientOf(server);
    const outcomes = { answered: 0, gone: 0, refused: 0 };
    const tensors: number[] = [];
    let begun = 0;
    const visit = async (): Promise<void> => {
      while (begun < rounds) {
        begun++;
        const control = new AbortController();
        const timer = setTimeout(() => control.abort(), draw() < 0.7 ? 40 * draw() : 10_000);
        const body = {
          model: ["base", "one", "two"][Math.floor(draw() * 3)],
          messages: user(questions[Math.floor(draw() * 6)]),
        };
        try {
          if (draw() < 0.5) {
            const stream = await client.chat.completions.create(
              { ...body, stream: true },
              { signal: control.signal },
            );
            for await (const _ of stream) if (draw() < 0.05) break;
          } else {
            await client.chat.completions.create(body, { signal: control.signal });
          }
          outcomes.answered++;
        } catch (error) {
          if (error instanceof OpenAI.APIUserAbortError) outcomes.gone++;
          else if (error instanceof OpenAI.RateLimitError) outcomes.refused++;
          else throw error;
        } finally {
          clearTimeout(timer);
        }
        if (begun % 100 === 0) tensors.push(tf.memory().numTensors);
      }
    };
    await Promise.all(Array.from({ length: 10 }, visit));
    expect(outcomes.gone, `seed ${seed}: ${JSON.stringify(outcomes)}`).toBeGreaterThan(0);
    expect(outcomes.answered).toBeGreaterThan(0);
    let health: unknown;
    for (let tries = 0; tries < 100; tries++) {
      health = await (await fetch(`${server.url}/health`)).json();
      if ((health as { running: number }).running === 0) break;
      await delay(20);
    }
    expect(health).toEqual({ status: "ok", running: 0, waiting: 0 });
    expect(Math.max(...tensors)).toBeLessThanOrEqual(Math.min(...tensors) + 50);
    const after = await client.chat.completions.create({
      model: "two",
      messages: user("你好"),
      temperature: 0,
      max_tokens: 8,
    });
    expect(after.choices[0].message.content).toBe(await responded(user("你好"), adapters[1].folder, 8));
    await server.stop();
  });
});

describe("names and keys", () => {
  it("are checked before anything is computed", async () => {
    await expect(serveModel(options({ host: "0.0.0.0" }))).rejects.toThrow("an API key is needed");
    await expect(serveModel(options({ adapters: [adapters[0], adapters[0]] }))).rejects.toThrow(
      "the name one is given twice",
    );
    await expect(
      serveModel(options({ adapters: [{ name: "base", folder: adapters[0].folder }] })),
    ).rejects.toThrow("the name base is given twice");
  });

  it("lets in who bears the key", async () => {
    const server = await serveModel(options({ apiKey: "secret", adapters: [] }));
    await expect(clientOf(server, "secre").models.list()).rejects.toMatchObject({
      status: 401,
      code: "invalid_api_key",
    });
    expect((await clientOf(server, "secret").models.list()).data).toHaveLength(1);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
    await expect(serveModel(options({ port: Number(new URL(server.url).port) }))).rejects.toThrow(
      "another program listens there",
    );
    await server.stop();
  });
});

it("ends prompts as each adapter has learnt it", async () => {
  const folders = { keeps: join(folder, "keeps"), empties: join(folder, "empties") };
  for (const place of Object.values(folders)) await cp(adapters[0].folder, place, { recursive: true });
  await writeFile(join(folders.empties, "lathe.json"), '{"reasoning":"empty","lossOn":"all"}');
  const named = Object.entries(folders).map(([name, place]) => ({ name, folder: place }));
  const server = await serveModel(options({ adapters: named }));
  try {
    const client = clientOf(server);
    const ask = async (model: string): Promise<OpenAI.ChatCompletion> =>
      await client.chat.completions.create({ model, messages: user("你好"), temperature: 0, max_tokens: 8 });
    const [keeps, empties] = [await ask("keeps"), await ask("empties")];
    // The empty block is in the prompt, not in the reply.
    expect(empties.usage!.prompt_tokens).toBeGreaterThan(keeps.usage!.prompt_tokens);
    expect(empties.choices[0].message.content).toBe(await responded(user("你好"), folders.empties, 8));
    expect(keeps.choices[0].message.content).toBe(await responded(user("你好"), folders.keeps, 8));
  } finally {
    await server.stop();
  }
});

describe("an adapter whose folder is exchanged", () => {
  it("answers anew, and stays as it was where the new files are damaged", async () => {
    const place = join(folder, "swapped");
    await cp(adapters[0].folder, place, { recursive: true });
    const warnings: string[] = [];
    const server = await serveModel(
      options({
        adapters: [{ name: "tuned", folder: place }],
        onEvent: (event) => event.type === "warning" && warnings.push(event.message),
      }),
    );
    const client = clientOf(server);
    const ask = async (): Promise<string> => {
      const reply = await client.chat.completions.create({
        model: "tuned",
        messages: user("你好"),
        temperature: 0,
      });
      return reply.choices[0].message.content!;
    };
    const [first, second] = [
      await responded(user("你好"), adapters[0].folder),
      await responded(user("你好"), adapters[1].folder),
    ];
    expect(first).not.toBe(second);
    expect(await ask()).toBe(first);
    await cp(adapters[1].folder, place, { recursive: true });
    expect(await ask()).toBe(second);
    await writeFile(
      join(place, "adapter_model.safetensors"),
      (await readFile(join(place, "adapter_model.safetensors"))).subarray(0, 100),
    );
    expect(await ask()).toBe(second);
    expect(warnings.filter((message) => message.startsWith("tuned stays as it was"))).toHaveLength(1);
    await cp(adapters[0].folder, place, { recursive: true });
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([first, first, first]);
    await server.stop();
  });
});
