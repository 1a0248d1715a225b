/**
 * The decoding loop: calls the network, lets a decoder commit positions, and yields a frame after every call. Blocks
 * are filled from left to right: the whole window for a bidirectional model, single positions for an autoregressive one.
 */

import { ConfigError } from '../base/errors.ts';
import type { DecoderName } from '../config/decoders.ts';
import { type Decision, type DecodeView, decoders, type Sampling } from './decoders.ts';

/** Logits (T, V + 1) of a sequence with masks; the mask's column is ignored (SUBS). */
export type Denoise = (xt: Uint32Array) => Promise<Float32Array>;

export interface DecodeOptions extends Sampling {
  readonly decoder: DecoderName;
  /** Network calls to spread the masks over; a block with masks takes at least one. */
  readonly steps: number;
  readonly maskId: number;
  /** Positions that are filled before those after them are begun: how far the model's attention is bidirectional. */
  readonly blockSize: number;
}

export interface Frame {
  /** Network calls so far. */
  readonly call: number;
  readonly tokens: Uint32Array;
  /** (T) probability of each token when it was committed; 1 for given ones, NaN where still masked. */
  readonly confidence: Float32Array;
  /** (T) call at which a position was committed; 0 for given ones, -1 where still masked. */
  readonly committedAt: Int32Array;
}

/** Masked positions that are decoded together, and their share of the steps. */
interface Stretch {
  readonly open: readonly number[];
  readonly steps: number;
}

/** The blocks that hold masks, from left to right. Steps go to them by their masks, at least one each. */
function stretchesOf(start: Uint32Array, { blockSize, steps, maskId }: DecodeOptions): Stretch[] {
  const blocks = new Map<number, number[]>();
  start.forEach((token, position) => {
    if (token !== maskId) return;
    const block = Math.floor(position / blockSize);
    blocks.set(block, [...(blocks.get(block) ?? []), position]);
  });
  const total = start.filter((token) => token === maskId).length;
  let before = 0;
  return [...blocks.values()].map((open) => {
    const share = (masks: number) => Math.round((masks * steps) / total);
    const own = share(before + open.length) - share(before);
    before += open.length;
    return { open, steps: Math.max(1, own) };
  });
}

/** Network calls that decoding takes at most: fewer where a step commits nothing. */
export function mostCalls(start: Uint32Array, options: DecodeOptions): number {
  return stretchesOf(start, options).reduce((sum, { open, steps }) => sum + Math.min(open.length, steps), 0);
}

/** Tokens written per network call from `start` to what a frame shows, on average; 0 where no call was needed. */
export function tokensPerCall(start: Uint32Array, { call, tokens }: Pick<Frame, 'call' | 'tokens'>): number {
  const written = tokens.filter((token, position) => token !== start[position]).length;
  return call > 0 ? written / call : 0;
}

/**
 * Decodes `start` (T), in which positions to fill hold the mask. Yields the start as frame 0, then a frame per network
 * call. A step that commits nothing leaves xt unchanged, so the next one needs no new call.
 * Throws `ConfigError` for steps below 1, a negative temperature, and top-k or top-p out of range.
 */
export async function* decode(denoise: Denoise, start: Uint32Array, options: DecodeOptions): AsyncGenerator<Frame> {
  expectOptions(options);
  const { decoder, maskId } = options;
  const xt = start.slice();
  const confidence = Float32Array.from(xt, (token) => (token === maskId ? Number.NaN : 1));
  const committedAt = Int32Array.from(xt, (token) => (token === maskId ? -1 : 0));
  let call = 0;
  const frame = (): Frame => ({
    call,
    tokens: xt.slice(),
    confidence: confidence.slice(),
    committedAt: committedAt.slice(),
  });
  yield frame();
  for (const { open: first, steps } of stretchesOf(start, options)) {
    let open = first;
    let probabilities: Float64Array | null = null;
    for (let step = 0; step < steps && open.length > 0; step++) {
      const isNewCall = probabilities === null;
      if (probabilities === null) {
        probabilities = normalise(await denoise(xt), open, xt.length, maskId);
        call++;
      }
      const view: DecodeView = { ...options, open, V: maskId, probabilities, step, steps, openAtStart: first.length };
      const decision = decoders[decoder](view);
      const isChanged = carryOut(decision, { tokens: xt, confidence, committedAt }, { call, maskId });
      open = first.filter((position) => xt[position] === maskId);
      if (isChanged) probabilities = null;
      if (isNewCall || isChanged) yield frame();
    }
  }
}

/** Writes a decision of call `call` into the state of a sequence; answers whether the network now reads another one. */
export function carryOut(
  { commit, remask }: Pick<Decision, 'commit' | 'remask'>,
  { tokens, confidence, committedAt }: Omit<Frame, 'call'>,
  { call, maskId }: { call: number; maskId: number },
): boolean {
  for (const position of remask) {
    tokens[position] = maskId;
    confidence[position] = Number.NaN;
    committedAt[position] = -1;
  }
  for (const { position, token, confidence: probability } of commit) {
    tokens[position] = token;
    confidence[position] = probability;
    committedAt[position] = call;
  }
  return commit.length + remask.length > 0;
}

function expectOptions({ steps, temperature, topK, topP, blockSize }: DecodeOptions): void {
  const isCount = (value: number) => Number.isInteger(value) && value >= 1;
  if (!isCount(steps)) throw new ConfigError(`expected a whole number of at least 1, got ${steps}`, { path: 'steps' });
  if (!(temperature >= 0)) throw new ConfigError(`expected 0 or more, got ${temperature}`, { path: 'temperature' });
  if (!isCount(topK)) throw new ConfigError(`expected a whole number of at least 1, got ${topK}`, { path: 'top-k' });
  if (!(topP > 0 && topP <= 1))
    throw new ConfigError(`expected more than 0 and at most 1, got ${topP}`, { path: 'top-p' });
  if (!isCount(blockSize))
    throw new ConfigError(`expected a whole number of at least 1, got ${blockSize}`, { path: 'block size' });
}

/** Softmax over the columns before the mask's, for the open rows of T. */
function normalise(logits: Float32Array, open: readonly number[], T: number, maskId: number): Float64Array {
  const V = maskId;
  const columns = logits.length / T;
  const probabilities = new Float64Array(T * V);
  for (const position of open) {
    const base = position * columns;
    let largest = Number.NEGATIVE_INFINITY;
    for (let v = 0; v < V; v++) largest = Math.max(largest, logits[base + v]);
    let sum = 0;
    for (let v = 0; v < V; v++) {
      const p = Math.exp(logits[base + v] - largest);
      probabilities[position * V + v] = p;
      sum += p;
    }
    for (let v = 0; v < V; v++) probabilities[position * V + v] /= sum;
  }
  return probabilities;
}
