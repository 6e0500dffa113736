import * as tf from "@tensorflow/tfjs";

/** Receives a watched tensor and one part of its gradient. Parts of one tensor add up; the gradient is borrowed. */
export type Accumulate = (watched: tf.Tensor, gradient: tf.Tensor) => void;

/**
 * Turns the gradient of an output into those of the inputs.
 *
 * @param gradient of the output, borrowed
 * @param needed per input: whether its gradient is wanted; others may be returned as null
 * @param accumulate takes gradients of watched tensors that are not among the inputs (a checkpointed block's parameters)
 * @returns a new tensor an input, of the input's shape (never `gradient` itself); the tape disposes it
 */
export type Pullback = (
  gradient: tf.Tensor,
  needed: readonly boolean[],
  accumulate: Accumulate,
) => readonly (tf.Tensor | null)[];

interface TapeRecord {
  readonly output: number;
  readonly inputs: readonly tf.Tensor[];
  readonly inputIds: readonly number[];
  readonly saved: readonly tf.Tensor[];
  readonly pullback: Pullback;
}

/**
 * A reverse-mode tape: operations append a record of their output, their inputs and a pullback; {@link Tape.backward}
 * walks the records once, newest first, and frees each as it is passed.
 *
 * Tensors are known by their `id`, so a tensor may be disposed by its owner while the tape still knows its place in the
 * graph; what a pullback needs is kept by the tape itself.
 */
export class Tape {
  readonly #watched = new Map<number, tf.Tensor>();
  readonly #tracked = new Set<number>();
  readonly #records: TapeRecord[] = [];

  /** @param watched tensors whose gradients are wanted, usually the trainable variables; borrowed */
  constructor(watched: Iterable<tf.Tensor> = []) {
    for (const tensor of watched) this.watch(tensor);
  }

  /** The tensors whose gradients are wanted. */
  get watched(): Iterable<tf.Tensor> {
    return this.#watched.values();
  }

  /** Asks for the gradient of one more tensor. */
  watch(tensor: tf.Tensor): void {
    this.#watched.set(tensor.id, tensor);
    this.#tracked.add(tensor.id);
  }

  /** Whether the tensor is itself watched. */
  isWatched(tensor: tf.Tensor): boolean {
    return this.#watched.has(tensor.id);
  }

  /** Whether the tensor is watched or depends on one that is. */
  isTracked(tensor: tf.Tensor): boolean {
    return this.#tracked.has(tensor.id);
  }

  /** Marks a tensor as depending on a watched one without a record of how. */
  track(tensor: tf.Tensor): void {
    this.#tracked.add(tensor.id);
  }

  /**
   * Appends a record.
   * @param saved tensors that the pullback reads; the tape owns them from now on
   */
  record(
    output: tf.Tensor,
    inputs: readonly tf.Tensor[],
    saved: readonly tf.Tensor[],
    pullback: Pullback,
  ): void {
    this.#tracked.add(output.id);
    const inputIds = inputs.map((input) => input.id);
    this.#records.push({ output: output.id, inputs, inputIds, saved, pullback });
  }

  /**
   * Walks the tape from its end and hands out the gradients of all watched tensors. The tape is empty afterwards, also
   * when a pullback throws.
   *
   * @param output a tensor made while this tape was active   @param gradient of the output, same shape; borrowed
   */
  backward(output: tf.Tensor, gradient: tf.Tensor, accumulate: Accumulate): void {
    const gradients = new Map<number, tf.Tensor>([[output.id, tf.keep(gradient.clone())]]);
    try {
      if (this.#watched.has(output.id)) accumulate(output, gradient);
      for (let record = this.#records.pop(); record; record = this.#records.pop()) {
        const { inputs, inputIds } = record;
        const outputGradient = gradients.get(record.output);
        try {
          if (!outputGradient) continue;
          gradients.delete(record.output);
          const needed = inputIds.map((id) => this.#tracked.has(id));
          // What a pullback hands over from within is kept until its tidy has ended: an accumulator's own tensors
          // would be freed with the pullback's.
          const handedOver: [watched: tf.Tensor, gradient: tf.Tensor][] = [];
          let parts: readonly (tf.Tensor | null)[] = [];
          tf.tidy(() => {
            parts = record.pullback(outputGradient, needed, (watched, part) => {
              handedOver.push([watched, tf.keep(part.clone())]);
            });
            return parts.filter((part) => part !== null);
          });
          for (const [watched, part] of handedOver) {
            accumulate(watched, part);
            part.dispose();
          }
          parts.forEach((part, index) => {
            if (!part) return;
            if (needed[index]) this.#add(gradients, inputs[index], inputIds[index], part, accumulate);
            else part.dispose();
          });
        } finally {
          outputGradient?.dispose();
          tf.dispose([...record.saved]);
        }
      }
    } finally {
      tf.dispose([...gradients.values()]);
      this.dispose();
    }
  }

  #add(
    gradients: Map<number, tf.Tensor>,
    input: tf.Tensor,
    id: number,
    part: tf.Tensor,
    accumulate: Accumulate,
  ): void {
    if (this.#watched.has(id)) {
      accumulate(input, part);
      part.dispose();
      return;
    }
    const sum = gradients.get(id);
    if (!sum) {
      gradients.set(id, part);
      return;
    }
    gradients.set(id, tf.add(sum, part));
    tf.dispose([sum, part]);
  }

  /** Frees what the records kept. The tape can be used again. */
  dispose(): void {
    for (const record of this.#records.splice(0)) tf.dispose([...record.saved]);
  }
}
