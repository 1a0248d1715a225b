/** A decoder at one step: order x budget x revision, as its settings say. A pure function of the view. */
import { budgets } from './budgets.ts';
import { rank } from './orders.ts';
import { revisions } from './revisions.ts';
import type { Decision, DecodeView } from './view.ts';

/** What is committed, masked again and edited after a network call. The same view gives the same decision. */
export function decide(view: DecodeView): Decision {
  const { budget, revision } = view.settings;
  const undone = revisions[revision](view);
  const notes = rank(view);
  if (notes.length === 0) return { ...undone, commit: [], notes, value: 0 };
  const { chosen, value } = budgets[budget](view, notes);
  return { ...undone, commit: chosen, notes, value };
}
