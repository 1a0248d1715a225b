/**
 * Exact scoring: a prompt is answered rightly if the text that the model writes after it, up to the first end, is the
 * answer and nothing else. Decoded greedily, the most confident position first, one position per network call, many
 * prompts at a time.
 */
import { type Denoise, decode } from '../diffusion/decode.ts';
import type { ForwardPass } from '../model/forwardPass.ts';
import { decodingOf, type Model } from '../model/model.ts';

export interface AnswerScore {
  /** Share of the prompts whose answer is exactly right. */
  readonly accuracy: number;
  /** Prompts asked. */
  readonly pairs: number;
}

/** Windows (W, T) of prompts with answers: where each answer begins, and the token that ends one. */
export interface AskedPairs {
  readonly windows: Uint32Array;
  readonly starts: Uint32Array;
  readonly endId: number;
}

/** Asks every prompt, `B` at a time. */
export async function scoreAnswers(model: Model, asked: AskedPairs, B: number): Promise<AnswerScore> {
  const { windows, starts, endId } = asked;
  const T = windows.length / starts.length;
  const pass = await model.forward(B, T);
  let right = 0;
  for (let first = 0; first < starts.length; first += B) {
    const group = Array.from(starts.subarray(first, first + B), (start, b) => {
      const window = windows.subarray((first + b) * T, (first + b + 1) * T);
      return { start, window };
    });
    const turns = takeTurns(pass, group.length);
    const outcomes = group.map(async ({ start, window }) => {
      const written = await writeAnswer(model, turns.denoise, window, start);
      turns.leave();
      return isSameAnswer(written, window, start, endId);
    });
    right += (await Promise.all(outcomes)).filter(Boolean).length;
  }
  return { accuracy: right / starts.length, pairs: starts.length };
}

async function writeAnswer(model: Model, denoise: Denoise, window: Uint32Array, start: number): Promise<Uint32Array> {
  const { maskId } = model;
  const steps = window.length - start;
  const options = decodingOf(model, 'low-confidence', { 'decode.candidate': 'best', 'decode.steps': steps });
  const asked = window.slice().fill(maskId, start);
  let tokens: Uint32Array = asked;
  for await (const frame of decode(denoise, asked, options)) tokens = frame.tokens;
  return tokens;
}

function isSameAnswer(written: Uint32Array, window: Uint32Array, start: number, endId: number): boolean {
  for (let t = start; t < window.length; t++) {
    if (written[t] !== window[t]) return false;
    if (window[t] === endId) return true;
  }
  return true;
}

/**
 * One forward pass for several sequences that are decoded side by side: it runs when each of those that have not left
 * waits for its logits.
 */
function takeTurns(pass: Omit<ForwardPass, 'destroy'>, sequences: number): { denoise: Denoise; leave: () => void } {
  const { B, T, columns } = pass;
  type Waiting = { xt: Uint32Array; resolve: (logits: Float32Array) => void; reject: (error: unknown) => void };
  let left = sequences;
  let waiting: Waiting[] = [];
  const runIfComplete = () => {
    if (waiting.length === 0 || waiting.length < left) return;
    const now = waiting;
    waiting = [];
    const tokens = new Uint32Array(B * T);
    // Places that are not taken repeat the first sequence.
    for (let b = 0; b < B; b++) tokens.set((now[b] ?? now[0]).xt, b * T);
    pass.run(tokens).then(
      ({ logits }) => {
        now.forEach(({ resolve }, b) => {
          resolve(logits.subarray(b * T * columns, (b + 1) * T * columns));
        });
      },
      (error: unknown) => {
        for (const { reject } of now) reject(error);
      },
    );
  };
  return {
    denoise: ([xt]) =>
      new Promise((resolve, reject) => {
        waiting.push({ xt: xt.slice(), resolve: (logits) => resolve([logits]), reject });
        runIfComplete();
      }),
    leave: () => {
      left--;
      runIfComplete();
    },
  };
}
