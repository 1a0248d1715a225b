/** What the network says of a sequence after a call: probabilities without the mask's column, computed where asked for. */

export interface Statistics {
  /** Nats. */
  readonly entropy: number;
  /** Probability of the best token less that of the second; 1 in a vocabulary of one. */
  readonly margin: number;
}

export interface Beliefs {
  readonly V: number;
  /** (V) probabilities of a position. */
  row(position: number): Float64Array;
  statistics(position: number): Statistics;
}

export interface Guidance {
  /** Logits of the same sequence with the prompt masked. */
  readonly unconditional: Float32Array;
  readonly scale: number;
}

/**
 * Softmax of logits (T, V + 1) over the columns before the mask's (SUBS, 2406.07524), row by row when first asked for.
 * With guidance the logits are l_u + (scale + 1) (l_c - l_u) (LLaDA 2502.09992).
 */
export function beliefsOf(logits: Float32Array, V: number, columns: number, guidance: Guidance | null): Beliefs {
  const rows = new Map<number, Float64Array>();
  const known = new Map<number, Statistics>();
  const row = (position: number): Float64Array => {
    const found = rows.get(position);
    if (found) return found;
    const own = softmax(logits.subarray(position * columns, position * columns + V), (v, logit) => {
      if (!guidance) return logit;
      const without = guidance.unconditional[position * columns + v];
      return without + (guidance.scale + 1) * (logit - without);
    });
    rows.set(position, own);
    return own;
  };
  return {
    V,
    row,
    statistics: (position) => {
      const found = known.get(position) ?? statisticsOf(row(position));
      known.set(position, found);
      return found;
    },
  };
}

function softmax(logits: Float32Array, guided: (v: number, logit: number) => number): Float64Array {
  const row = Float64Array.from(logits, (logit, v) => guided(v, logit));
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of row) largest = Math.max(largest, logit);
  let sum = 0;
  for (let v = 0; v < row.length; v++) {
    row[v] = Math.exp(row[v] - largest);
    sum += row[v];
  }
  for (let v = 0; v < row.length; v++) row[v] /= sum;
  return row;
}

/** Entropy and margin of a row of probabilities. */
export function statisticsOf(row: Float64Array): Statistics {
  let entropy = 0;
  let [first, second] = [0, 0];
  for (const p of row) {
    if (p > 0) entropy -= p * Math.log(p);
    if (p > first) [first, second] = [p, first];
    else if (p > second) second = p;
  }
  return { entropy: Math.max(0, entropy), margin: first - second };
}

/** The most probable token; of equals the lower. */
export function bestToken(row: Float64Array): number {
  let best = 0;
  for (let v = 1; v < row.length; v++) if (row[v] > row[best]) best = v;
  return best;
}

/** The `count` most probable tokens, the best first; of equals the lower first. */
export function bestTokens(row: Float64Array, count: number): number[] {
  const best: number[] = [];
  for (let v = 0; v < row.length; v++) {
    if (best.length === count && row[v] <= row[best[count - 1]]) continue;
    let at = best.length;
    while (at > 0 && row[v] > row[best[at - 1]]) at--;
    best.splice(at, 0, v);
    if (best.length > count) best.pop();
  }
  return best;
}
