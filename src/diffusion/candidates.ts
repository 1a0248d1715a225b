/** The candidate of an open position: the most probable token, or one drawn by inverse CDF in float64 (SCIENCE 5). */
import { streams, uniformAt } from '../base/random.ts';
import { bestToken } from './beliefs.ts';
import type { DecodeView, Edit } from './view.ts';

/**
 * The most probable token, or one drawn from p^(1 / temperature) after top-k and top-p: Gumbel noise in float32 lowers
 * the effective temperature (2409.02908). The confidence is the probability before any of that.
 */
export function candidateAt(view: DecodeView, position: number): Edit {
  const row = view.beliefs.row(position);
  const temperature = temperatureOf(view);
  if (temperature === 0) {
    const token = bestToken(row);
    return { position, token, confidence: row[token] };
  }
  const { seed } = view.settings;
  const token = inverse(
    weightsOf(row, temperature, view),
    uniformAt(seed, streams.decode, 2 * view.step + 1, position),
  );
  return { position, token, confidence: row[token] };
}

/**
 * The temperature of this call; 0 for the most probable token. It anneals by steps where the budget spreads masks over
 * them, else by the share of the span's masks that are filled.
 */
export function temperatureOf({ settings, step, steps, open, openAtStart }: DecodeView): number {
  const { candidate, temperature, anneal, endTemperature, budget } = settings;
  if (candidate === 'best') return 0;
  if (!anneal) return temperature;
  const isSpread = budget === 'quota' || budget === 'each';
  const [done, last] = isSpread ? [step, steps - 1] : [openAtStart - open.length, openAtStart - 1];
  const share = last > 0 ? Math.min(1, done / last) : 0;
  return temperature + (endTemperature - temperature) * share;
}

/** p^(1 / temperature), scaled so that the best has 1 and nothing is lost to underflow, without what top-k and top-p cut. */
function weightsOf(row: Float64Array, temperature: number, { settings: { topK, topP } }: DecodeView): Float64Array {
  const largest = row[bestToken(row)];
  const weights = temperature === 1 ? row.slice() : row.map((p) => (p / largest) ** (1 / temperature));
  if (topK === 0 && topP === 1) return weights;
  const order = Array.from(weights, (_, token) => token).sort((a, b) => weights[b] - weights[a] || a - b);
  const kept = topK === 0 ? order : order.slice(0, topK);
  const total = kept.reduce((sum, token) => sum + weights[token], 0);
  const cut = new Float64Array(row.length);
  let before = 0;
  for (const token of kept) {
    if (before >= topP * total) break;
    cut[token] = weights[token];
    before += weights[token];
  }
  return cut;
}

/** The token at the share `u` of the summed weights. */
function inverse(weights: Float64Array, u: number): number {
  let left = u * weights.reduce((sum, weight) => sum + weight, 0);
  let token = 0;
  while (token < weights.length - 1 && left >= weights[token]) left -= weights[token++];
  // Rounding may leave the search on a token of weight 0 at the end of the row.
  while (weights[token] === 0 && token > 0) token--;
  return token;
}
