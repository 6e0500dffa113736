import { RejectedRowsError, RowError, TokenFileError } from "@lathe/data";
import {
  FileError,
  InputError,
  isInputError,
  isSpokenError,
  LockedError,
  OutputFolderError,
  type Phrase,
  SpokenError,
} from "@lathe/files";
import { ModelConfigError, TokenizerError, WeightsError } from "@lathe/model";
import { AdapterFileError, AdapterStateError, LoraConfigError } from "@lathe/peft";
import { QuantizationError } from "@lathe/quant";
import { EngineError, MissingKernelError } from "@lathe/tensor";
import {
  DivergenceError,
  NoIntactCheckpointError,
  RowsError,
  RunFolderError,
  TrainConfigError,
} from "@lathe/train";
import { RecipeError } from "../recipe-error.js";

/** An error as plain data, which threads and processes can hand to each other. */
export interface CarriedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** The fields of its class. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Whether the user's input caused it. */
  readonly isInput: boolean;
  /** Its sentences; null where it has none that can be said in another language. */
  readonly phrases: readonly Phrase[] | null;
  /** What caused it, if it is known. */
  readonly cause: CarriedError | null;
}

/** Errors that a run may throw, which are of their class again on the other side. */
const classes: readonly { readonly name: string; readonly prototype: Error }[] = [
  AdapterFileError,
  AdapterStateError,
  DivergenceError,
  EngineError,
  FileError,
  LockedError,
  LoraConfigError,
  MissingKernelError,
  ModelConfigError,
  NoIntactCheckpointError,
  OutputFolderError,
  QuantizationError,
  RecipeError,
  RejectedRowsError,
  RowError,
  RowsError,
  RunFolderError,
  TokenFileError,
  TokenizerError,
  TrainConfigError,
  WeightsError,
];

/** Causes of causes that are carried. */
const DEPTH = 4;

function carriable(value: unknown): boolean {
  try {
    structuredClone(value);
    return !(value instanceof Error);
  } catch {
    return false;
  }
}

/** An error as data: with the fields of its class, but for those that cannot be carried. Anything else that was thrown is told as a text. */
export function carryError(error: unknown, depth = DEPTH): CarriedError {
  if (!(error instanceof Error)) {
    return {
      name: "Error",
      message: String(error),
      stack: undefined,
      fields: {},
      isInput: false,
      phrases: null,
      cause: null,
    };
  }
  const { name, message, stack, cause } = error;
  const fields = Object.fromEntries(
    Object.entries(error).filter(([key, value]) => key !== "cause" && carriable(value)),
  );
  return {
    name,
    message,
    stack,
    fields,
    isInput: isInputError(error),
    phrases: isSpokenError(error) ? error.phrases() : null,
    cause: cause === undefined || depth === 0 ? null : carryError(cause, depth - 1),
  };
}

/** The error that data tell of: of the same class where it is one of Lathe's, with the same fields, message, stack and cause. */
export function errorCarried(carried: CarriedError): Error {
  const { name, message, stack, fields, isInput, phrases, cause } = carried;
  const options = cause ? { cause: errorCarried(cause) } : {};
  const Base = isInput ? InputError : phrases ? SpokenError : Error;
  const error = new Base(message, options);
  const known = classes.find((candidate) => candidate.name === name);
  // Constructors make messages of their own; what is there already is only given its class.
  if (known) Object.setPrototypeOf(error, known.prototype);
  const hidden = { name, message, stack, ...(phrases ? { phrases: () => phrases } : {}) };
  for (const [key, value] of Object.entries(hidden)) {
    Object.defineProperty(error, key, { value, configurable: true, writable: true });
  }
  return Object.assign(error, fields);
}
