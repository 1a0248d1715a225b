/** The cells of the canvas: those of a frame, with what the trace adds to them. */
import type { DecodeFrame, DecodeReason, ModelReport } from '../../worker/protocol.ts';
import type { Cell } from '../parts/Cells.tsx';
import { type CellColour, cellsOf } from '../parts/denoising.ts';
import { historyAt, positionWords } from './history.ts';

interface Shown {
  readonly frames: readonly DecodeFrame[];
  readonly reasons: readonly DecodeReason[];
  readonly model: ModelReport;
}

/** One cell per position of frame `index`: `fresh` is whatever changed in its call. */
export function canvasCells({ frames, reasons, model }: Shown, index: number, colour: CellColour): Cell[] {
  const frame = frames[index];
  const history = historyAt(reasons, index);
  return cellsOf(frame, model, colour).map((cell, position) => {
    const event = history.get(position);
    return {
      ...cell,
      label: positionWords(frame, model, position, event),
      fresh: event?.call === frame.call,
      edited: event?.kind === 'edit',
      hiddenAgain: event?.kind === 'remask',
    };
  });
}
