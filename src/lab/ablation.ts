/**
 * What interventions cost: the change of the loss of held-out windows, paired (the same windows under the same masks), with
 * its standard error over windows. No observational measure of routing predicts it (2606.10703).
 */
import { ConfigError } from '../base/errors.ts';
import type { Intervention } from '../config/interventions.ts';
import type { EvaluationText } from '../train/text.ts';
import type { Network } from './network.ts';
import { negativeLogLikelihood, type OnProgress, runSamples } from './network.ts';
import { type Estimate, meanOf } from './routing/errors.ts';
import type { Sample } from './samples.ts';

/** Throws `ConfigError` for an intervention that needs the calls of one decode: windows are no such calls. */
export function expectMeasurable(interventions: readonly Intervention[]): void {
  if (interventions.some(({ kind }) => kind === 'freeze'))
    throw new ConfigError('expected a decode, whose calls follow each other, got held-out windows', { path: 'freeze' });
}

/** Held-out windows at mask levels, and how many of them there are. */
export interface LossSamples {
  readonly samples: readonly Sample[];
  readonly windows: number;
  /** Logits per row. */
  readonly columns: number;
  readonly tokensPerCharacter: number;
}

/** In bits per character, over windows. */
export interface PairedLoss {
  readonly without: Estimate;
  readonly with: Estimate;
  /** `with` - `without`: above 0 where the interventions cost something. */
  readonly difference: Estimate;
}

export function lossSamples(
  samples: readonly Sample[],
  columns: number,
  { tokensPerCharacter }: Pick<EvaluationText, 'tokensPerCharacter'>,
): LossSamples {
  return { samples, windows: new Set(samples.map(({ window }) => window)).size, columns, tokensPerCharacter };
}

/**
 * Loss of each window in nats per token: the NELBO with weight T / k for k masks of T positions (SCIENCE 1), which is the
 * mean over the masked ones, averaged over the levels of the window; of an autoregressive model the exact NLL.
 */
export async function windowLosses(
  network: Network,
  { samples, windows, columns }: LossSamples,
  onProgress: OnProgress = () => {},
): Promise<Float64Array> {
  const losses = new Float64Array(windows);
  const levels = samples.length / windows;
  let done = 0;
  for await (const results of runSamples(network, samples)) {
    for (const { sample, row, result } of results) {
      let [sum, count] = [0, 0];
      sample.predicted.forEach((isPredicted, n) => {
        if (!isPredicted) return;
        sum += negativeLogLikelihood(result.logits, row + n, columns, sample.x0[n]);
        count += 1;
      });
      losses[sample.window] += sum / count / levels;
    }
    done += results.length;
    await onProgress(done, samples.length);
  }
  return losses;
}

/** Losses of windows with interventions against those without. */
export function pairedLoss(
  without: Float64Array,
  changed: Float64Array,
  { tokensPerCharacter }: Pick<LossSamples, 'tokensPerCharacter'>,
): PairedLoss {
  const bits = tokensPerCharacter / Math.LN2;
  const inBits = (losses: Float64Array) => meanOf(losses.map((loss) => loss * bits));
  return {
    without: inBits(without),
    with: inBits(changed),
    difference: inBits(changed.map((loss, window) => loss - without[window])),
  };
}

/**
 * The cost of taking each expert of a layer away, one at a time: `networkOf` answers the network without one, or whole for
 * null. `onCost` hears of each expert; ends with what `onProgress` throws.
 */
export async function expertCosts(
  networkOf: (expert: number | null) => Network | Promise<Network>,
  experts: number,
  samples: LossSamples,
  { onProgress, onCost }: { onProgress: OnProgress; onCost?: (expert: number, cost: PairedLoss) => void },
): Promise<PairedLoss[]> {
  const each = samples.samples.length;
  const measure = async (expert: number | null, before: number) =>
    windowLosses(await networkOf(expert), samples, (done) => onProgress(before * each + done, (experts + 1) * each));
  const whole = await measure(null, 0);
  const costs: PairedLoss[] = [];
  for (let expert = 0; expert < experts; expert++) {
    const cost = pairedLoss(whole, await measure(expert, expert + 1), samples);
    costs.push(cost);
    onCost?.(expert, cost);
  }
  return costs;
}
