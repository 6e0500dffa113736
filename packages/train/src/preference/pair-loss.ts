import { TrainConfigError } from "../errors.js";
import { negativeLogSigmoid, sigmoid } from "./logistic.js";

/** The log-likelihood of a completion after its prompt, in nats. */
export interface CompletionLikelihood {
  /** Sum over its tokens. */
  readonly sum: number;
  readonly tokens: number;
  /** The sum before training; 0 where a loss does without. */
  readonly reference: number;
}

/** The loss of a pair, its derivatives by the two sums of log-likelihoods, and the rewards that are reported. */
export interface PairValue {
  readonly loss: number;
  readonly byChosen: number;
  readonly byRejected: number;
  readonly chosenReward: number;
  readonly rejectedReward: number;
}

/** The loss of a pair by its log-likelihoods. */
export type PairLoss = (chosen: CompletionLikelihood, rejected: CompletionLikelihood) => PairValue;

/** −log sigmoid of a margin that is `scale` times the difference of two log-likelihoods, less an offset. */
function sigmoidLoss(
  margin: number,
  byChosen: number,
  byRejected: number,
): Omit<PairValue, `${string}Reward`> {
  const slope = -sigmoid(-margin);
  return { loss: negativeLogSigmoid(margin), byChosen: slope * byChosen, byRejected: -slope * byRejected };
}

/** @throws TrainConfigError unless β is a number above 0 */
export function checkBeta(beta: number): void {
  if (!(beta > 0 && Number.isFinite(beta))) throw new TrainConfigError("beta", "a number above 0", beta);
}

/**
 * DPO's sigmoid loss (Rafailov et al., arXiv:2305.18290, eq. 7): −log σ(β((log π(c) − log ρ(c)) − (log π(r) − log ρ(r)))) with the
 * summed log-likelihoods of the chosen c and the rejected r under the policy π and the reference ρ. A reward is β(log π − log ρ).
 * @throws TrainConfigError
 */
export function dpoLoss(beta: number): PairLoss {
  checkBeta(beta);
  return (chosen, rejected) => {
    const chosenReward = beta * (chosen.sum - chosen.reference);
    const rejectedReward = beta * (rejected.sum - rejected.reference);
    return { chosenReward, rejectedReward, ...sigmoidLoss(chosenReward - rejectedReward, beta, beta) };
  };
}

/**
 * SimPO's loss (Meng et al., arXiv:2405.14734, eq. 6): −log σ(β(c − r) − γ) with mean log-likelihoods c and r a token, and no
 * reference. A reward is β times the mean, without γ.
 * @throws TrainConfigError
 */
export function simpoLoss(beta: number, gamma: number): PairLoss {
  checkBeta(beta);
  if (!(gamma >= 0 && Number.isFinite(gamma))) {
    throw new TrainConfigError("simpoGamma", "a number from 0", gamma);
  }
  return (chosen, rejected) => {
    const [chosenReward, rejectedReward] = [chosen, rejected].map(({ sum, tokens }) => (beta * sum) / tokens);
    const margin = chosenReward - rejectedReward - gamma;
    return {
      chosenReward,
      rejectedReward,
      ...sigmoidLoss(margin, beta / chosen.tokens, beta / rejected.tokens),
    };
  };
}

/** The least 1 − e^m that is told from 0: a completion of which the model is certain in single precision. */
const LEAST_COMPLEMENT = 2 ** -24;

/**
 * The odds-ratio term of ORPO (Hong et al., arXiv:2403.07691, eq. 6-7): −β log σ(log odds(c) − log odds(r)), with log odds(m) = m −
 * log(1 − e^m) of mean log-likelihoods m a token. The likelihood of prompt and chosen completion, which ORPO adds, is no part of
 * it. A reward is β times the mean.
 * @throws TrainConfigError
 */
export function orpoLoss(beta: number): PairLoss {
  checkBeta(beta);
  return (chosen, rejected) => {
    const [c, r] = [chosen, rejected].map(({ sum, tokens }) => {
      const mean = sum / tokens;
      const complement = Math.max(-Math.expm1(mean), LEAST_COMPLEMENT);
      return { mean, logOdds: mean - Math.log(complement), slope: 1 / complement / tokens };
    });
    const { loss, byChosen, byRejected } = sigmoidLoss(c.logOdds - r.logOdds, c.slope, r.slope);
    return {
      loss: beta * loss,
      byChosen: beta * byChosen,
      byRejected: beta * byRejected,
      chosenReward: beta * c.mean,
      rejectedReward: beta * r.mean,
    };
  };
}
