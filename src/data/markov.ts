/**
 * A synthetic source whose entropy is known: a Markov chain of order k over a small alphabet, with a sparse random
 * transition table. A model trained on its text cannot do better than the entropy, and the chart draws that floor.
 * The table and the text depend on the source's own seed, not on the run's. Not here: the exact posterior of masked
 * positions (`markovPosterior.ts`).
 *
 * A context is the last k symbols as one number, the latest in the lowest digit of base A: with `context` c and
 * next symbol s, the next context is (c * A + s) mod A^k.
 */
import { DataError } from '../base/errors.ts';
import { integerAt, pcg4d, streams, uniformAt } from '../base/random.ts';

export interface MarkovSource {
  /** Symbols in the order of their code points, so that a character tokenizer gives symbol s the id s. */
  readonly alphabet: readonly string[];
  readonly order: number;
  readonly seed: number;
  /** A^k. */
  readonly contexts: number;
  /** (A^k, A) transition counts out of 65536 per row: probabilities that 16 random bits sample exactly. */
  readonly counts: Uint32Array;
  /** (A^k) stationary probability of each context. */
  readonly stationary: Float64Array;
}

export interface MarkovOptions {
  /** Symbols (A), up to 26; they are written as letters. */
  symbols: number;
  /** Symbols that a context depends on (k): 1 or 2. */
  order: number;
  /** Symbols that can follow a context. */
  successors: number;
  seed: number;
}

const scale = 65536;
/** Steps of the source's random stream. */
const draws = { table: 0, text: 1 };

/** Characters of the bundled text. */
const markovLength = 500_000;

/**
 * The source behind `data.corpus = markov`: 16 symbols, 5 successors each, order 1; its entropy rate is near 2.1
 * bits per character. A model learns 80 probabilities and that only the nearest revealed neighbours on each side matter.
 */
export function defaultMarkovSource(): MarkovSource {
  return markovSource({ symbols: 16, order: 1, successors: 5, seed: 20 });
}

/** Draws a source. Throws `DataError` for options out of range. */
export function markovSource({ symbols: A, order, successors, seed }: MarkovOptions): MarkovSource {
  if (!(A >= 2 && A <= 26 && Number.isInteger(A))) {
    throw new DataError(`markov source: expected 2 to 26 symbols, got ${A}`);
  }
  if (order !== 1 && order !== 2) throw new DataError(`markov source: expected order 1 or 2, got ${order}`);
  if (!(successors >= 2 && successors <= A && Number.isInteger(successors))) {
    throw new DataError(`markov source: expected 2 to ${A} successors, got ${successors}`);
  }
  const contexts = A ** order;
  const counts = new Uint32Array(contexts * A);
  for (let context = 0; context < contexts; context++) {
    counts.set(drawRow(context, A, successors, seed), context * A);
  }
  const alphabet = Array.from({ length: A }, (_, symbol) => String.fromCharCode(97 + symbol));
  return { alphabet, order, seed, contexts, counts, stationary: stationaryOf(counts, A, contexts) };
}

/**
 * One row of the table. Symbol b + 1 can always follow b, and 0 can follow 0: so from every context the cycle of all
 * symbols is reached, and the chain has one stationary distribution and no period.
 */
function drawRow(context: number, A: number, successors: number, seed: number): Uint32Array {
  const latest = context % A;
  const chosen = new Set([(latest + 1) % A]);
  if (latest === 0) chosen.add(0);
  // Each context has 4096 numbers of its own: half for the choice of successors, half for their weights.
  const first = context * 4096;
  for (let draw = 0; chosen.size < successors; draw++) {
    chosen.add(integerAt(A, seed, streams.source, draws.table, first + draw));
  }
  // Between 256 and 4351: no successor is rarer than about one in a hundred.
  const weights = [...chosen].map((symbol) => ({
    symbol,
    weight: 256 + (pcg4d(seed, streams.source, draws.table, first + 2048 + symbol)[0] >>> 20),
  }));
  const total = weights.reduce((sum, { weight }) => sum + weight, 0);
  const row = new Uint32Array(A);
  let left = scale;
  for (const { symbol, weight } of weights) {
    row[symbol] = Math.floor((weight * scale) / total);
    left -= row[symbol];
  }
  row[weights[0].symbol] += left;
  return row;
}

/** Power iteration with additions and multiplications only, hence the same bits everywhere. */
function stationaryOf(counts: Uint32Array, A: number, contexts: number): Float64Array {
  let now = new Float64Array(contexts).fill(1 / contexts);
  for (let iteration = 0; iteration < 100_000; iteration++) {
    const next = new Float64Array(contexts);
    for (let context = 0; context < contexts; context++) {
      for (let symbol = 0; symbol < A; symbol++) {
        next[(context * A + symbol) % contexts] += (now[context] * counts[context * A + symbol]) / scale;
      }
    }
    let change = 0;
    for (let context = 0; context < contexts; context++) change += Math.abs(next[context] - now[context]);
    now = next;
    if (change < 1e-15 * contexts) return now;
  }
  throw new DataError('markov source: expected a chain that settles, got one that does not');
}

/** Probability of `symbol` after `context`. */
export function transition(source: MarkovSource, context: number, symbol: number): number {
  return source.counts[context * source.alphabet.length + symbol] / scale;
}

/** Symbols (length) of the source's text, begun in its stationary distribution. */
export function markovSymbols(source: MarkovSource, length = markovLength): Uint32Array {
  const A = source.alphabet.length;
  const symbols = new Uint32Array(length);
  let context = drawContext(source);
  for (let i = 0; i < length; i++) {
    if (i < source.order) {
      // The first k symbols are those of the first context.
      symbols[i] = Math.floor(context / A ** (source.order - 1 - i)) % A;
      continue;
    }
    let left = pcg4d(source.seed, streams.source, draws.text, i)[0] >>> 16;
    let symbol = 0;
    while (left >= source.counts[context * A + symbol]) left -= source.counts[context * A + symbol++];
    symbols[i] = symbol;
    context = (context * A + symbol) % source.contexts;
  }
  return symbols;
}

function drawContext(source: MarkovSource): number {
  let left = uniformAt(source.seed, streams.source, draws.text, 0);
  let last = 0;
  for (let context = 0; context < source.contexts; context++) {
    const probability = source.stationary[context];
    if (probability === 0) continue;
    last = context;
    if (left < probability) break;
    left -= probability;
  }
  return last;
}

/** The source's text. */
export function markovText(source: MarkovSource, length = markovLength): string {
  return Array.from(markovSymbols(source, length), (symbol) => source.alphabet[symbol]).join('');
}

/** Entropy rate in bits per character: the cost of a character whose whole past is known. */
export function entropyRate(source: MarkovSource): number {
  const A = source.alphabet.length;
  let bits = 0;
  for (let context = 0; context < source.contexts; context++) {
    bits +=
      source.stationary[context] *
      entropyBits(Float64Array.from({ length: A }, (_, s) => transition(source, context, s)));
  }
  return bits;
}

/**
 * Entropy of a window of T characters at an arbitrary place, in bits per character: H(X_1..X_T) / T, by the chain rule
 * H(X_1..X_k) + (T - k) * rate. It exceeds the rate, because the first characters of a window have no past.
 */
export function entropyOfWindow(source: MarkovSource, T: number): number {
  const known = Math.min(T, source.order);
  return (entropyBits(startProbabilities(source, known)) + (T - known) * entropyRate(source)) / T;
}

/** (A^n) probabilities of the first n symbols of a window at an arbitrary place, n at most the order. */
export function startProbabilities(source: MarkovSource, n: number): Float64Array {
  const A = source.alphabet.length;
  const starts = new Float64Array(A ** n);
  // Stationary, so the latest n symbols of a context are distributed as any n in a row.
  for (let context = 0; context < source.contexts; context++)
    starts[context % starts.length] += source.stationary[context];
  return starts;
}

function entropyBits(probabilities: Float64Array): number {
  let bits = 0;
  for (const p of probabilities) if (p > 0) bits -= p * Math.log2(p);
  return bits;
}
