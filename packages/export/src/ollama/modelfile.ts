import type { SuggestedSampling } from "@lathe/model";
import type { ChatPieces } from "./chat-pieces.js";

/** What a Modelfile says of a model. */
export interface ModelfileParts {
  /** Name of the GGUF file beside it. */
  readonly weights: string;
  readonly pieces: ChatPieces;
  /** Texts at which a reply ends. */
  readonly stop: readonly string[];
  /** Tokens that the model reads at most. */
  readonly contextLength: number;
  readonly sampling: SuggestedSampling;
}

/** A fixed text in a Go template: braces that would begin an action are written as one that gives them. */
const literal = (text: string): string => text.replaceAll("{{", '{{ "{{" }}');

/**
 * A Go template that writes what the pieces do. Actions swallow no space around them, so that each text stands as it is.
 */
export function goTemplate({ start, withoutSystem, around, prompt }: ChatPieces): string {
  const message = (role: keyof typeof around): string =>
    `${literal(around[role][0])}{{ .Content }}${literal(around[role][1])}`;
  const head = withoutSystem === "" ? "" : `{{ if not .System }}${literal(withoutSystem)}{{ end }}`;
  return (
    `${literal(start)}${head}{{ range .Messages }}` +
    `{{ if eq .Role "system" }}${message("system")}` +
    `{{ else if eq .Role "user" }}${message("user")}` +
    `{{ else if eq .Role "assistant" }}${message("assistant")}{{ end }}{{ end }}${literal(prompt)}`
  );
}

const quoted = (text: string): string =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;

/** The text of a Modelfile for Ollama. */
export function modelfile({ weights, pieces, stop, contextLength, sampling }: ModelfileParts): string {
  const { temperature, topK, topP } = sampling;
  const parameters: readonly (readonly [string, string | number | undefined])[] = [
    ...stop.map((text) => ["stop", quoted(text)] as const),
    ["num_ctx", contextLength],
    ["temperature", temperature],
    ["top_k", topK],
    ["top_p", topP],
  ];
  const lines = parameters
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `PARAMETER ${name} ${String(value)}`);
  return [`FROM ./${weights}`, `TEMPLATE """${goTemplate(pieces)}"""`, ...lines, ""].join("\n");
}
