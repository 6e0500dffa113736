export { type AnsweredRequest } from "./http/serve-app.js";
export { type ReasoningRule, reasoningRules } from "./reading/reply-reader.js";
export { type NamedAdapter } from "./replies/served-models.js";
export {
  type AutomatonFrame,
  type AutomatonReading,
  type AutomatonState,
  ByteAutomaton,
} from "./constrained/byte-automaton.js";
export { type ByteGrammar, type BytePattern, type GrammarNode } from "./constrained/byte-grammar.js";
export { ConstrainedReply, TokenConstraint } from "./constrained/constraint.js";
export { jsonObjectGrammar, schemaGrammar } from "./constrained/schema-grammar.js";
export { SchemaError } from "./constrained/schema-error.js";
export { type TokenBytes, TokenTrie } from "./constrained/token-trie.js";
export { type ModelServer, serveDefaults, serveModel, type ServeModelOptions } from "./serve-model.js";
export { serveOptions } from "./serve-options.js";
