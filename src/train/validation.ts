/**
 * What a run measures on held-out text as it trains: the bound on its bits per character, and, where the text is
 * prompts with answers, the share of prompts that are answered exactly.
 */

import type { Model } from '../model/model.ts';
import { scoreAnswers } from './answers.ts';
import type { Evaluation, Evaluator } from './evaluation.ts';
import type { EvaluationText } from './text.ts';

/** Measures the weights of the moment, each window at `rounds` mask levels. `model` and `evaluator` are of one run. */
export async function validate(
  evaluator: Evaluator,
  model: Model,
  { windows, tokensPerCharacter, answers }: EvaluationText,
  rounds: number,
): Promise<Evaluation> {
  const options = { rounds, tokensPerCharacter, answerStarts: answers?.starts };
  const bound = await evaluator.evaluate(windows, options);
  if (!answers) return bound;
  return { ...bound, answers: await scoreAnswers(model, { windows, ...answers }, model.experiment.training.batchSize) };
}
