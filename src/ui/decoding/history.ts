/** What has happened to each position of a decode up to a frame. */
import { spoken, three } from '../../base/format.ts';
import type { DecodeFrame, DecodeReason, ModelReport } from '../../worker/protocol.ts';
import { tokenText } from '../parts/denoising.ts';

export type EventKind = 'commit' | 'edit' | 'remask';

/** The last thing that was decided of a position. */
export interface PositionEvent {
  readonly kind: EventKind;
  readonly call: number;
  /** Index of the frame that it led to. */
  readonly frame: number;
}

/** The last event of each position that has one, up to and with frame `last`. */
export function historyAt(reasons: readonly DecodeReason[], last: number): Map<number, PositionEvent> {
  const history = new Map<number, PositionEvent>();
  reasons.slice(0, last + 1).forEach((reason, frame) => {
    if (!reason) return;
    const note = (kind: EventKind, position: number) => history.set(position, { kind, call: reason.call, frame });
    for (const position of reason.remasks) note('remask', position);
    for (const { position } of reason.edits) note('edit', position);
    for (const { position } of reason.commits) note('commit', position);
  });
  return history;
}

/** The state of a position in a person's words, at the call of a frame. */
export function stateWords(frame: DecodeFrame, position: number, event: PositionEvent | undefined): string {
  if (frame.committedAt[position] === 0) return 'given';
  if (!event) return 'hidden';
  const word = { commit: 'revealed', edit: 'edited', remask: 'hidden again' }[event.kind];
  return event.call === frame.call ? `${word} in this call` : `${word} at call ${event.call}`;
}

/** The position, its token with the confidence it was revealed with, and its state. */
export function positionWords(
  frame: DecodeFrame,
  model: ModelReport,
  position: number,
  event: PositionEvent | undefined,
): string {
  const state = stateWords(frame, position, event);
  if (frame.committedAt[position] < 0) return `Position ${position}: ${state}`;
  const token = spoken(tokenText(model, frame.tokens[position]));
  const confidence = event ? `confidence ${three(frame.confidence[position])}, ` : '';
  return `Position ${position}: ${token}, ${confidence}${state}`;
}
