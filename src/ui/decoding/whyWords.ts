/** Why a position that was weighed was revealed or left hidden, in one sentence: the rules of `diffusion/budgets.ts` in words. */
import { three } from '../../base/format.ts';
import type { DecodeSettings } from '../../config/decodeSettings.ts';

/** A position among those that a call weighed. */
export interface Standing {
  /** From 1, the preferred first. */
  readonly rank: number;
  /** Positions that were weighed. */
  readonly of: number;
  readonly score: number;
  /** Positions that were revealed. */
  readonly count: number;
  /** What the budget held the candidates against. */
  readonly value: number;
  readonly isTaken: boolean;
}

/** Why a weighed position was revealed or not. */
export function whyWords({ budget }: Pick<DecodeSettings, 'budget'>, standing: Standing): string {
  const { rank, of, count, value, isTaken } = standing;
  const place = `it comes as number ${rank} of ${of}`;
  switch (budget) {
    case 'quota':
      return `${outcome(isTaken)}: ${place}, and the share of this call is ${count === 0 ? 'none' : `the first ${count}`}.`;
    case 'one':
      return `${outcome(isTaken)}: ${place}, and each call reveals the first.`;
    case 'each':
      return `${outcome(isTaken)} by chance: in this call each position was revealed with probability ${three(value)}.`;
    case 'threshold':
      return thresholdWords(standing);
    case 'factor':
      return factorWords(standing);
    case 'entropy-bound':
      if (isTaken && rank === 1) return 'Revealed: the surest position always is.';
      return `${outcome(isTaken)}: ${place}, and the first ${count} are as many as the entropy bound of ${three(value)} nats allows.`;
    default:
      return budget satisfies never;
  }
}

function outcome(isTaken: boolean): string {
  return isTaken ? 'Revealed' : 'Left hidden';
}

function thresholdWords({ score, value, isTaken }: Standing): string {
  const just = three(score) === three(value) ? 'just ' : '';
  if (!isTaken) return `Left hidden: its score ${three(score)} is ${just}below the threshold ${three(value)}.`;
  return score >= value
    ? `Revealed: its score ${three(score)} reaches the threshold ${three(value)}.`
    : `Revealed as the best of this call: no score reaches the threshold ${three(value)}, and a call reveals at least one.`;
}

/** The bound is (n + 1)(1 - score of the n-th), and the last n for which it is below the factor counts. */
function factorWords({ rank, score, count, value, isTaken }: Standing): string {
  const bound = (rank + 1) * (1 - score);
  const formula = `(${rank} + 1)(1 − ${three(score)}) = ${three(bound)}`;
  if (!isTaken) return `Left hidden: ${formula} is not below the factor ${three(value)}.`;
  if (bound < value) return `Revealed: ${formula} is below the factor ${three(value)}.`;
  if (count === 1)
    return `Revealed: no position meets the factor ${three(value)}, and a call reveals at least the first.`;
  return `Revealed: number ${count}, after it, still meets the factor ${three(value)}.`;
}
