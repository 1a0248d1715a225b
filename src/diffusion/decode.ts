/**
 * The denoising loop: calls the network, lets a decoder commit positions, and yields a frame after every call.
 */
import { ConfigError } from '../config/errors.ts';
import { type DecoderName, decoders } from './decoders.ts';

/** Logits (T, V + 1) of a sequence with masks; the mask's column is ignored (SUBS). */
export type Denoise = (xt: Uint32Array) => Promise<Float32Array>;

export interface DecodeOptions {
  readonly decoder: DecoderName;
  readonly steps: number;
  readonly temperature: number;
  readonly seed: number;
  readonly maskId: number;
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

/**
 * Decodes `start` (T), in which positions to fill hold the mask. Yields the start as frame 0, then a frame per network
 * call. A step that commits nothing leaves xt unchanged, so the next one needs no new call.
 * Throws `ConfigError` for steps below 1 or a negative temperature.
 */
export async function* decode(denoise: Denoise, start: Uint32Array, options: DecodeOptions): AsyncGenerator<Frame> {
  const { decoder, steps, temperature, maskId } = options;
  if (!(Number.isInteger(steps) && steps >= 1))
    throw new ConfigError(`steps: expected a whole number of at least 1, got ${steps}`);
  if (!(temperature >= 0)) throw new ConfigError(`temperature: expected 0 or more, got ${temperature}`);
  const xt = start.slice();
  const confidence = Float32Array.from(xt, (token) => (token === maskId ? Number.NaN : 1));
  const committedAt = Int32Array.from(xt, (token) => (token === maskId ? -1 : 0));
  const maskedAtStart = xt.filter((token) => token === maskId).length;
  let call = 0;
  const frame = (): Frame => ({
    call,
    tokens: xt.slice(),
    confidence: confidence.slice(),
    committedAt: committedAt.slice(),
  });
  yield frame();
  let masked = maskedAtStart;
  let probabilities: Float64Array | null = null;
  const V = maskId;
  for (let step = 0; step < steps && masked > 0; step++) {
    const isNewCall = probabilities === null;
    if (probabilities === null) {
      probabilities = normalise(await denoise(xt), xt, maskId);
      call++;
    }
    const view = { ...options, xt, V, probabilities, step, maskedAtStart };
    const commits = decoders[decoder].commit(view);
    for (const { position, token, confidence: probability } of commits) {
      xt[position] = token;
      confidence[position] = probability;
      committedAt[position] = call;
    }
    masked -= commits.length;
    if (commits.length > 0) probabilities = null;
    if (isNewCall || commits.length > 0) yield frame();
  }
}

/** Softmax over the columns before the mask's, for the masked rows. */
function normalise(logits: Float32Array, xt: Uint32Array, maskId: number): Float64Array {
  const V = maskId;
  const columns = logits.length / xt.length;
  const probabilities = new Float64Array(xt.length * V);
  xt.forEach((token, position) => {
    if (token !== maskId) return;
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
  });
  return probabilities;
}
