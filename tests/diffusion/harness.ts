/** Decoding of small sequences with a function in the place of the network. */
import { decodeSettings } from '../../src/config/decoders.ts';
import {
  type DecodeOptions,
  type DecodeStep,
  type Denoise,
  decode,
  decodeSteps,
  type Frame,
} from '../../src/diffusion/decode.ts';

/** Logits (T, V + 1) of one sequence. */
export type Logits = (xt: Uint32Array) => Float32Array;

/** The network for any number of sequences at a time, each by itself. */
export const network =
  (logits: Logits): Denoise =>
  async (sequences) =>
    sequences.map(logits);

export interface Asked {
  readonly decoder: string;
  /** Changes by name of field. */
  readonly changes?: Readonly<Record<string, unknown>>;
  readonly maskId: number;
  /** How far the model sees both ways; the whole sequence where it is left out. */
  readonly window?: number;
}

export function optionsOf(start: Uint32Array, { decoder, changes = {}, maskId, window }: Asked): DecodeOptions {
  const byPath = Object.fromEntries(Object.entries(changes).map(([name, value]) => [`decode.${name}`, value]));
  return { settings: decodeSettings(decoder, byPath), maskId, window: window ?? start.length };
}

export async function framesOf(logits: Logits, start: Uint32Array, asked: Asked): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const frame of decode(network(logits), start, optionsOf(start, asked))) frames.push(frame);
  return frames;
}

export async function stepsOf(denoise: Denoise, start: Uint32Array, options: DecodeOptions): Promise<DecodeStep[]> {
  const steps: DecodeStep[] = [];
  for await (const step of decodeSteps(denoise, start, options)) steps.push(step);
  return steps;
}

/** Logits that depend on position and token, not on the sequence; the mask's column, the largest, must not matter. */
export const fixedLogits =
  (V: number): Logits =>
  (xt) =>
    Float32Array.from({ length: xt.length * (V + 1) }, (_, index) =>
      index % (V + 1) === V ? 1e4 : Math.sin(12.9898 * index + 1) * 3,
    );

/** Logits that depend on the whole sequence, masks included, as a network's do. */
export const livelyLogits =
  (V: number): Logits =>
  (xt) => {
    let state = 1;
    for (const token of xt) state = (Math.imul(state, 31) + token + 1) >>> 0;
    return Float32Array.from({ length: xt.length * (V + 1) }, (_, index) =>
      index % (V + 1) === V ? 1e4 : Math.sin(12.9898 * index + (state % 1009)) * 3,
    );
  };
