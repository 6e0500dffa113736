import * as tf from "@tensorflow/tfjs-core";
import { engineInUse } from "./engine-in-use.js";
import { type Kept, KeptTogether } from "./kept.js";

/** Receives a watched tensor and one part of its gradient. Parts of one tensor add up; the gradient is borrowed. */
export type Accumulate = (watched: tf.Tensor, gradient: tf.Tensor) => void;

/**
 * Turns the gradients of a record's outputs into those of its inputs.
 *
 * @param gradients per output, borrowed; null where nothing depends on that output, but never null in all places
 * @param needed per input: whether its gradient is wanted; others may be returned as null
 * @param accumulate takes gradients of watched tensors that are not among the inputs (a recomputed block's parameters)
 * @returns a new tensor an input, of the input's shape (never one of `gradients` itself); the tape disposes it
 */
export type Pullback = (
  gradients: readonly (tf.Tensor | null)[],
  needed: readonly boolean[],
  accumulate: Accumulate,
) => readonly (tf.Tensor | null)[];

interface TapeRecord {
  readonly outputs: readonly number[];
  readonly inputs: readonly tf.Tensor[];
  readonly inputIds: readonly number[];
  readonly saved: readonly Kept[];
  readonly pullback: Pullback;
  /** Called when the record is done with. */
  readonly whenPassed?: () => void;
}

/**
 * A reverse-mode tape: operations append a record of their outputs, their inputs and a pullback; {@link Tape.backward}
 * walks the records once, newest first, and frees each as it is passed.
 *
 * Tensors are known by their `id`, so a tensor may be disposed by its owner while the tape still knows its place in the
 * graph; what a pullback needs is kept by the tape itself.
 */
export class Tape {
  readonly #watched = new Map<number, tf.Tensor>();
  readonly #tracked = new Set<number>();
  /** Outputs of records: gradients of these go further back. */
  readonly #computed = new Set<number>();
  readonly #records: TapeRecord[] = [];

  /** Where an engine keeps once what several records need. */
  readonly together = new KeptTogether();

  /** Whether records are kept for a backward pass; if not, only what depends on what is noticed. */
  readonly keeps: boolean = true;

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
   * @param saved what the pullback reads; the tape owns it from now on
   */
  record(
    outputs: readonly tf.Tensor[],
    inputs: readonly tf.Tensor[],
    saved: readonly Kept[],
    pullback: Pullback,
  ): void {
    for (const { id } of outputs) {
      this.#tracked.add(id);
      this.#computed.add(id);
    }
    const [outputIds, inputIds] = [outputs, inputs].map((tensors) => tensors.map(({ id }) => id));
    this.#records.push({ outputs: outputIds, inputs, inputIds, saved, pullback });
  }

  /**
   * Asks to be told when the backward pass has passed all that is recorded from here on, or the records are given up: what
   * their pullbacks use may then go.
   */
  whenPassed(done: () => void): void {
    this.#records.push({
      outputs: [],
      inputs: [],
      inputIds: [],
      saved: [],
      pullback: () => [],
      whenPassed: done,
    });
  }

  /**
   * Walks the tape from its end and hands out the gradients of all watched tensors. The tape is empty afterwards, also
   * when a pullback throws.
   *
   * @param output a tensor made while this tape was active   @param gradient of the output, same shape; borrowed
   */
  backward(output: tf.Tensor, gradient: tf.Tensor, accumulate: Accumulate): void {
    const gradients = new Map<number, tf.Tensor>();
    try {
      this.#receive(gradients, output, output.id, gradient.clone(), accumulate);
      for (let record = this.#records.pop(); record; record = this.#records.pop()) {
        const ofOutputs = record.outputs.map((id) => gradients.get(id) ?? null);
        for (const id of record.outputs) gradients.delete(id);
        try {
          if (ofOutputs.some((part) => part !== null)) {
            this.#pullBack(record, ofOutputs, gradients, accumulate);
          }
        } finally {
          for (const part of ofOutputs) part?.dispose();
          for (const kept of record.saved) kept.dispose();
          record.whenPassed?.();
        }
      }
    } finally {
      tf.dispose([...gradients.values()]);
      this.dispose();
    }
  }

  #pullBack(
    { inputs, inputIds, pullback }: TapeRecord,
    ofOutputs: readonly (tf.Tensor | null)[],
    gradients: Map<number, tf.Tensor>,
    accumulate: Accumulate,
  ): void {
    const needed = inputIds.map((id) => this.#tracked.has(id));
    // What a pullback hands over from within is kept until its tidy has ended: an accumulator's own tensors would be
    // freed with the pullback's.
    const handedOver: { readonly watched: tf.Tensor; readonly part: tf.Tensor }[] = [];
    const parts: (tf.Tensor | null)[] = [];
    try {
      tf.tidy(() => {
        parts.push(
          ...pullback(ofOutputs, needed, (watched, part) => {
            handedOver.push({ watched, part: tf.keep(part.clone()) });
          }),
        );
        return parts.filter((part) => part !== null);
      });
      for (const { watched, part } of handedOver) accumulate(watched, part);
      for (const [index, part] of parts.entries()) {
        if (!part || !needed[index]) continue;
        parts[index] = null; // received, whatever happens next
        this.#receive(gradients, inputs[index], inputIds[index], part, accumulate);
      }
    } finally {
      tf.dispose(handedOver.map(({ part }) => part));
      tf.dispose(parts.filter((part) => part !== null));
    }
  }

  /** Takes one part of a tensor's gradient: to whoever watches it, and further back where the tensor was computed. */
  #receive(
    gradients: Map<number, tf.Tensor>,
    tensor: tf.Tensor,
    id: number,
    part: tf.Tensor,
    accumulate: Accumulate,
  ): void {
    try {
      if (this.#watched.has(id)) accumulate(tensor, part);
      if (!this.#computed.has(id)) return;
      const sum = gradients.get(id);
      gradients.set(id, sum ? engineInUse().routines.addInto(sum, part) : tf.keep(part.clone()));
    } finally {
      part.dispose();
    }
  }

  /** Frees what the records kept and forgets the tensors that were computed. The tape can be used again. */
  dispose(): void {
    for (const { saved, whenPassed } of this.#records.splice(0).reverse()) {
      for (const kept of saved) kept.dispose();
      whenPassed?.();
    }
    this.together.clear();
    for (const id of this.#computed) if (!this.#watched.has(id)) this.#tracked.delete(id);
    this.#computed.clear();
  }
}
