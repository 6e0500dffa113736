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
  /** The same, to be said in another language. */
  readonly reasonPhrase: Phrase;

  constructor(
    readonly path: string,
    /** Line at fault, counted from 1; undefined when the file as a whole is at fault. */
    readonly line: number | undefined,
    reason: string | Phrase,
    options?: ErrorOptions,
  ) {
    const place = line === undefined ? path : phrase`${path}, line ${line}`;
    super(phrase`${place}: ${asPhrase(reason)}`, options);
    this.reasonPhrase = asPhrase(reason);
    this.reason = sayPhrase(this.reasonPhrase);
  }
}

/** What is wrong with a row of a file, or with its place beside other files. */
export interface TextPairFault {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly reason: string | Phrase;
}

/** Faults beyond which no more are listed. */
const MOST_LISTED = 20;

/** Files of predictions and references that do not belong together row by row, with every fault and its line. */
export class TextPairsError extends InputError {
  override readonly name = "TextPairsError";

  constructor(
    /** The first of the faults, in the order of the files. */
    readonly faults: readonly TextPairFault[],
    /** How many there are in all. */
    readonly count: number,
    /** Rows of the file of predictions that is at fault first. */
    readonly predictionCount: number,
    /** Rows of the references. */
    readonly referenceCount: number,
  ) {
    const listed = faults
      .slice(0, MOST_LISTED)
      .map(({ path, line, reason }) => phrase`${phrase`${path}, line ${line}`}: ${asPhrase(reason)}`);
    const rest = count - listed.length;
    super(rest > 0 ? [...listed, phrase`and ${rest} more faults of the same files`] : listed);
  }
}
