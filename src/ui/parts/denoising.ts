/** From a decode frame to cells: what each position shows, by confidence or by the call that committed it. */

import { spoken, three, visible } from '../../base/format.ts';
import type { DecodeFrame, ModelReport } from '../../worker/protocol.ts';
import { inkOn, viridis } from '../colours.ts';
import type { Cell } from './Cells.tsx';

export type CellColour = 'confidence' | 'call';

/** One cell per position. Confidence tints what is sure; calls go through viridis from first to last. */
export function cellsOf(frame: DecodeFrame, model: ModelReport, colour: CellColour): Cell[] {
  return Array.from(frame.tokens, (token, position) => {
    const call = frame.committedAt[position];
    const at = `Position ${position}`;
    if (call < 0) return { text: ' ', label: `${at}: hidden`, masked: true };
    const text = tokenText(model, token);
    if (call === 0) return { text: visible(text), label: `${at}: ${spoken(text)}, given`, given: true };
    const confidence = frame.confidence[position];
    const ground = colour === 'call' ? viridis((call - 1) / Math.max(1, frame.calls - 1)) : confidenceTint(confidence);
    return {
      text: visible(text),
      label: `${at}: ${spoken(text)}, confidence ${three(confidence)}, revealed at call ${call}`,
      fresh: call === frame.call && frame.call < frame.calls,
      background: ground,
      ink: colour === 'call' ? inkOn(ground) : undefined,
    };
  });
}

/** The frame's text, with a block for each masked position. */
export function textOf(frame: DecodeFrame, model: ModelReport): string {
  return Array.from(frame.tokens, (token, position) =>
    frame.committedAt[position] < 0 ? '░' : tokenText(model, token),
  ).join('');
}

/** The tint of a confidence: none at 0, strongest at 1, always light enough to read the token on it. */
export function confidenceTint(confidence: number): string {
  const share = Math.round(Math.min(1, Math.max(0, confidence)) * 42);
  return `color-mix(in srgb, var(--accent) ${share}%, var(--cell-paper))`;
}

/** Whether a model's tokens are pieces of words. */
export function hasSubwords(model: ModelReport): boolean {
  return model.experiment.data.tokenizer === 'bpe';
}

/** A token's text; the replacement character for one that another model's vocabulary would have. */
export function tokenText(model: ModelReport, token: number): string {
  return model.vocabulary[token] ?? '\uFFFD';
}
