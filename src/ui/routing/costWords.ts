/** Interventions and what they cost, in sentences. */
import { type Intervention, interventionText } from '../../config/interventions.ts';
import type { PairedLoss } from '../../store/takeAway.ts';

/** An expert that is taken away by its name; what the page has no button for as the command line writes it. */
export function interventionWords(one: Intervention): string {
  return one.kind === 'ablate' ? `Expert ${one.expert} of layer ${one.layer} removed` : interventionText(one);
}

/** The loss with and without, the paired difference and what to make of it: within two standard errors it may be chance. */
export function costWords({ without, with: changed, difference }: PairedLoss, removed: number): string {
  const { value, standardError } = difference;
  const numbers = `Loss ${without.value.toFixed(3)} → ${changed.value.toFixed(3)}, difference ${signed(value)} ± ${standardError.toFixed(3)} bits per character of unseen text.`;
  const [it, was] = removed === 1 ? ['this expert', 'was'] : ['these experts', 'were'];
  if (!(Math.abs(value) > 2 * standardError))
    return `${numbers} That is no more than chance: ${it} can hardly be missed.`;
  return value > 0
    ? `${numbers} Without ${it} the model is worse.`
    : `${numbers} Without ${it}, which ${was} in the way, the model is better.`;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}
