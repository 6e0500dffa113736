import { asPhrase, ExpectationError, InputError, type Phrase, phrase, sayPhrase } from "@lathe/files";

/** Predictions and references that cannot be scored together: lengths differ, or a segment lacks a text. */
export class SegmentError extends InputError {
  override readonly name = "SegmentError";

  constructor(
    message: string | Phrase,
    /** How many predictions came. */
    readonly predictionCount: number,
    /** How many segments of references came. */
    readonly referenceCount: number,
    /** The segment at fault, counted from 0; undefined when the fault is in the lengths. */
    readonly segment?: number,
  ) {
    super(message);
  }
}

/** A metric name that is not in the registry. */
export class UnknownMetricError extends InputError {
  override readonly name = "UnknownMetricError";

  constructor(
    /** The name as it was given. */
    readonly metric: string,
    /** The known name that is spelled most like it. */
    readonly nearest: string,
    /** Every name there is. */
    readonly known: readonly string[],
  ) {
    super(
      phrase`unknown metric ${JSON.stringify(metric)}: did you mean ${JSON.stringify(nearest)}? Known metrics: ${known.join(", ")}`,
    );
  }
}

/** An option of a metric with a value it cannot have. */
export class MetricOptionError extends ExpectationError {
  override readonly name = "MetricOptionError";

  constructor(
    /** Name of the option, such as "tokenizer". */
    readonly option: string,
    expected: string | Phrase,
    /** The value that came. */
    readonly actual: unknown,
  ) {
    const came = typeof actual === "string" ? JSON.stringify(actual) : String(actual);
    super(phrase`option ${option}`, expected, came);
  }
}

/** The package that cuts Chinese into words is not installed. */
export class MissingWordsError extends InputError {
  override readonly name = "MissingWordsError";

  constructor(
    /** The package to install. */
    readonly packageName: string,
    options?: ErrorOptions,
  ) {
    super(
      phrase`the scores of LLaMA-Factory are over words that the package ${packageName} finds, which is not installed; install it: npm install ${packageName}`,
      options,
    );
  }
}

/** A file of texts that cannot be read, with the line at fault. */
export class TextFileError extends InputError {
  override readonly name = "TextFileError";
  /** What was expected and what came. */
  readonly reason: string;

  constructor(
    readonly path: string,
    /** Line at fault, counted from 1; undefined when the file as a whole is at fault. */
    readonly line: number | undefined,
    reason: string | Phrase,
    options?: ErrorOptions,
  ) {
    const place = line === undefined ? path : phrase`${path}, line ${line}`;
    super(phrase`${place}: ${asPhrase(reason)}`, options);
    this.reason = sayPhrase(reason);
  }
}
