import { option, optionGroup } from "@lathe/files";
import { lossDefaults, type OptimizerName, optimizerNames, scheduleNames, trainDefaults } from "@lathe/train";
import { z } from "zod";

const steps = { placeholder: "n", unit: "optimiser steps" };

/** How a run learns; the keys are those of `TrainConfig`. */
export const trainingOptions = optionGroup(
  "Training",
  {
    epochs: option(z.number().positive().default(trainDefaults.epochs), "passes over the rows"),
    maxSteps: option(
      z.int().min(0).default(trainDefaults.maxSteps),
      "length of the run; 0 for as many as the epochs hold",
      steps,
    ),
    batchSize: option(z.int().min(1).default(trainDefaults.batchSize), "rows a micro-batch", {
      unit: "rows",
    }),
    maxTokensPerBatch: option(
      z.int().min(0).default(trainDefaults.maxTokensPerBatch),
      "most tokens of a micro-batch, which has as many rows as fit, in place of --batch-size; 0 for no such limit",
      { unit: "tokens" },
    ),
    gradientAccumulation: option(
      z.int().min(1).default(trainDefaults.gradientAccumulation),
      "micro-batches a step",
    ),
    learningRate: option(z.number().min(0).default(trainDefaults.learningRate), "peak of the schedule"),
    schedule: option(
      z.enum(scheduleNames).default(trainDefaults.schedule),
      "course of the rate after the warm-up",
    ),
    warmupSteps: option(
      z.int().min(0).default(trainDefaults.warmupSteps),
      "steps over which the rate rises from 0 to its peak",
      steps,
    ),
    weightDecay: option(z.number().min(0).default(trainDefaults.weightDecay), "decoupled weight decay"),
    optimizer: option(
      z.enum(optimizerNames as [OptimizerName, ...OptimizerName[]]).default(trainDefaults.optimizer),
      "adamw; adamw8bit: its moments in 8 bits; adafactor: moments by rows and columns; sgd: none",
    ),
    beta1: option(z.number().min(0).lt(1).default(trainDefaults.beta1), "decay of the first moment"),
    beta2: option(z.number().min(0).lt(1).default(trainDefaults.beta2), "decay of the second moment"),
    epsilon: option(
      z.number().positive().default(trainDefaults.epsilon),
      "added to the root of the second moment",
    ),
    layerRateDecay: option(
      z.number().positive().max(1).default(1),
      "factor on the rate from a layer to the one below, such as 0.9",
      { field: "layerRateDecay" },
    ),
    labelSmoothing: option(
      z.number().min(0).lt(1).default(lossDefaults.labelSmoothing),
      "share of each label's probability that is spread over the vocabulary",
      { placeholder: "p", field: "loss.labelSmoothing" },
    ),
    zLoss: option(
      z.number().min(0).default(lossDefaults.zLoss),
      "factor on the squared logarithm of the softmax's denominator, such as 1e-4",
      { field: "loss.zLoss" },
    ),
    neftuneAlpha: option(
      z.number().min(0).default(0),
      "noise on the embeddings in training (NEFTune), such as 5; 0 for none",
      { field: "neftuneAlpha" },
    ),
    residualDropout: option(
      z.number().min(0).lt(1).default(0),
      "probability with which embeddings and what layers add to them are dropped in training, such as 0.1 for a model trained from its first weights",
      { placeholder: "p", field: "residualDropout" },
    ),
    proximal: option(
      z.number().min(0).default(0),
      "strength of the pull back to where the run began (FedProx), such as 0.1; 0 for none",
      { field: "proximal" },
    ),
    maxGradNorm: option(
      z.number().min(0).default(trainDefaults.maxGradNorm),
      "global norm to which gradients are scaled down; 0 for no limit",
    ),
    seed: option(
      z.int().min(0).default(trainDefaults.seed),
      "order of rows, dropout and initial adapter follow from it",
    ),
    shuffle: option(z.boolean().default(trainDefaults.shuffle), "take the rows in another order each epoch", {
      negated: "take the rows in the order of the file, each epoch",
    }),
    groupByLength: option(
      z.boolean().default(trainDefaults.groupByLength),
      "rows of like length share a step, so that its micro-batches are of like size",
    ),
    saveEvery: option(
      z.int().min(0).default(trainDefaults.saveEvery),
      "steps between checkpoints; 0 for none but the best and the last",
      steps,
    ),
    keepCheckpoints: option(
      z.int().min(0).default(trainDefaults.keepCheckpoints),
      "newest checkpoints to keep, besides the one of the lowest validation loss; 0 for all",
    ),
    maxBadSteps: option(
      z.int().min(1).default(trainDefaults.maxBadSteps),
      "steps in a row with a loss or gradient that is not finite, none applied, after which the run ends",
      steps,
    ),
    evalEvery: option(
      z.int().min(0).default(trainDefaults.evalEvery),
      "steps between evaluations on the validation rows; 0 for one at the end only",
      steps,
    ),
    patience: option(
      z.int().min(0).default(trainDefaults.patience),
      "evaluations in a row without a lower validation loss after which the run ends; 0 for no such end",
    ),
  },
  "train",
);
