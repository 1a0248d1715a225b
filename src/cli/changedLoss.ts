/** What interventions cost a run, for `sdlm eval --intervene`. */
import { DivergenceError } from '../base/errors.ts';
import type { Intervention } from '../config/interventions.ts';
import { lossSamples, type PairedLoss, pairedLoss, windowLosses } from '../lab/ablation.ts';
import { windowsPerCall } from '../lab/network.ts';
import type { Estimate } from '../lab/routing/errors.ts';
import { samplesOf } from '../lab/samples.ts';
import type { Model } from '../model/model.ts';
import { variantPass } from '../model/variant.ts';
import type { EvaluationText } from '../train/text.ts';
import { print } from './output.ts';

/** Masks of evaluations are the same every time. */
const seed = 0x5eed;

/** The loss with and without interventions, of the same windows under the same masks. Throws `DivergenceError`. */
export async function changedLoss(
  model: Model,
  interventions: readonly Intervention[],
  text: EvaluationText,
  rounds: number,
): Promise<PairedLoss> {
  const { experiment, maskId } = model;
  const samples = lossSamples(samplesOf(experiment, text, { maskId, rounds, seed }), maskId + 1, text);
  const B = windowsPerCall(experiment, maskId + 1);
  const T = experiment.data.sequenceLength;
  const without = await windowLosses(await variantPass(model, [], B, T), samples);
  const changed = await windowLosses(await variantPass(model, interventions, B, T), samples);
  const loss = pairedLoss(without, changed, samples);
  if (!Number.isFinite(loss.difference.value))
    throw new DivergenceError(
      `loss: expected finite numbers, got ${loss.without.value} without the changes and ${loss.with.value} with them`,
    );
  return loss;
}

export function printChangedLoss({ without, with: changed, difference }: PairedLoss): void {
  const words = ({ value, standardError }: Estimate) =>
    `${value.toFixed(4)}${Number.isNaN(standardError) ? '' : ` ± ${standardError.toFixed(4)}`}`;
  print(`without: ${words(without)} bits per character`);
  print(`with:    ${words(changed)} bits per character`);
  print(`change:  ${difference.value >= 0 ? '+' : ''}${words(difference)} (paired: same windows, same masks)`);
}
