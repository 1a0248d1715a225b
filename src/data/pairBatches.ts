/**
 * Pairs as rows of tokens: prompt, answer, and the end token to the end of the window. The end token is the line break.
 * As in LLaDA (2502.09992, appendix B.1) the padding counts as part of the answer: it is masked and learned, so that a
 * model learns where to stop, and a window does not tell how long its answer is.
 */
import { ConfigError, DataError, shown } from '../base/errors.ts';
import { integerAt, streams } from '../base/random.ts';
import { shuffle, visitsOf } from './batches.ts';
import type { Pair } from './pairs.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What ends an answer and fills the rest of its window. */
export const endText = '\n';

/** Pairs as tokens, all in windows of one length T. */
export interface PairRows {
  /** (N, T) tokens. */
  readonly tokens: Uint32Array;
  /** (N) position at which each answer begins. */
  readonly answerStarts: Uint32Array;
}

/** The id that ends an answer. Throws `DataError` when the tokenizer has none. */
export function endIdOf(tokenizer: Tokenizer): number {
  const [id, ...more] = tokenizer.encode(endText);
  if (more.length > 0) throw new DataError('tokenizer: expected one token for a line break, got several');
  return id;
}

/**
 * Rows of T tokens. Throws `ConfigError` naming the window when a pair and its end do not fit, and `DataError` for
 * characters that the tokenizer does not know.
 */
export function pairRows(pairs: readonly Pair[], tokenizer: Tokenizer, T: number): PairRows {
  const endId = endIdOf(tokenizer);
  const tokens = new Uint32Array(pairs.length * T).fill(endId);
  const answerStarts = new Uint32Array(pairs.length);
  pairs.forEach(({ prompt, answer }, row) => {
    const [before, after] = [tokenizer.encode(prompt), tokenizer.encode(answer)];
    const needed = before.length + after.length + 1;
    if (needed > T) {
      throw new ConfigError(
        `expected at least ${needed} for the pair ${shown(prompt)} and the end of its answer, got ${T}`,
        { path: 'data.sequenceLength' },
      );
    }
    tokens.set(before, row * T);
    tokens.set(after, row * T + before.length);
    answerStarts[row] = before.length;
  });
  return { tokens, answerStarts };
}

/** Which pairs each step sees: every one once per epoch, in an order of the epoch's own; a function of (seed, step). */
export function createPairBatches(
  { tokens, answerStarts }: PairRows,
  { sequenceLength: T, batchSize: B, seed }: { sequenceLength: number; batchSize: number; seed: number },
) {
  const count = answerStarts.length;
  const visitsAt = visitsOf(count, B, (epoch) =>
    shuffle(
      Uint32Array.from({ length: count }, (_, row) => row),
      (bound, i) => integerAt(bound, seed, streams.batch, epoch, i),
    ),
  );
  return (step: number): PairRows => rowsAt({ tokens, answerStarts }, visitsAt(step), T);
}

/** At most `count` rows, spread evenly. */
export function someRows(rows: PairRows, T: number, count: number): PairRows {
  const all = rows.answerStarts.length;
  const chosen = Math.min(count, all);
  return rowsAt(
    rows,
    Uint32Array.from({ length: chosen }, (_, i) => Math.floor((i * all) / chosen)),
    T,
  );
}

function rowsAt({ tokens, answerStarts }: PairRows, visits: Uint32Array, T: number): PairRows {
  const chosen = new Uint32Array(visits.length * T);
  visits.forEach((row, b) => {
    chosen.set(tokens.subarray(row * T, (row + 1) * T), b * T);
  });
  return { tokens: chosen, answerStarts: visits.map((row) => answerStarts[row]) };
}
