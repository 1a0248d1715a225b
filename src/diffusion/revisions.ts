/** Revisions: what of earlier commits is undone. A new one is one rule here and one option of `decode.revision`. */
import { streams, uniformAt } from '../base/random.ts';
import type { Revision } from '../config/decodeSettings.ts';
import { bestToken } from './beliefs.ts';
import { remaskProbabilities } from './schedules.ts';
import type { DecodeView, Undone } from './view.ts';

type RevisionRule = (view: DecodeView) => Undone;

export const revisions: Record<Revision, RevisionRule> = {
  none: () => ({ remask: [], edits: [] }),
  /** ReMDM 2503.00307: a revealed token returns to the mask with probability sigma. */
  remask: (view) => {
    const { settings, step } = view;
    const sigma = remaskProbabilities(view);
    const isMasked = (position: number, index: number) =>
      uniformAt(settings.seed, streams.decodeRemask, step, position) < sigma[index];
    return { remask: view.revealed.filter(isMasked), edits: [] };
  },
  /** LLaDA2.1 2602.08676: a revealed token becomes the most probable one where that differs and has at least tau_edit. */
  edit: ({ settings, revealed, beliefs, tokens }) => {
    const edits = revealed.flatMap((position) => {
      const row = beliefs.row(position);
      const token = bestToken(row);
      const isBetter = token !== tokens[position] && row[token] >= settings.tauEdit;
      return isBetter ? [{ position, token, confidence: row[token] }] : [];
    });
    return { remask: [], edits };
  },
};
