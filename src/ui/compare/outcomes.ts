/** How the outcomes of verdicts are marked: a sign and a colour beside the word. */
import type { Verdict } from '../../config/records.ts';

export const outcomeMarks: Record<Verdict['outcome'], { readonly mark: string; readonly colour: string }> = {
  reproduced: { mark: '✓', colour: 'teal' },
  'not reproduced': { mark: '✗', colour: 'red' },
  undecided: { mark: '?', colour: 'gray' },
};
