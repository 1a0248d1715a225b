/** Reading a route report: which experts hold a token in a layer, and the cells of the token strip. */

import { spoken, three, visible } from '../../base/format.ts';
import type { ModelReport, RouteReport } from '../../worker/protocol.ts';
import { expertColour, inkOn } from '../colours.ts';
import type { Cell } from '../parts/Cells.tsx';
import { tokenText } from '../parts/denoising.ts';

export interface Holder {
  expert: number;
  gate: number;
  score: number;
}

/** The experts that hold a token, the largest gate first. */
export function holdersOf(report: RouteReport, layer: number, position: number): Holder[] {
  const { experts, chosen, gates, scores, tokens } = report;
  const start = (layer * tokens.length + position) * experts;
  return Array.from({ length: experts }, (_, expert) => ({
    expert,
    gate: gates[start + expert],
    score: scores[start + expert],
  }))
    .filter(({ expert }) => chosen[start + expert] === 1)
    .sort((a, b) => b.gate - a.gate);
}

/** Tokens that each expert of a layer holds. */
export function loadOfLayer({ load, experts }: RouteReport, layer: number): number[] {
  return Array.from(load.subarray(layer * experts, (layer + 1) * experts));
}

/** How many experts hold a token of a layer: on average, by masked and revealed tokens, and how many have none. */
export function expertsPerToken(report: RouteReport, layer: number): string {
  const counts = Array.from(report.tokens, (_, position) => holdersOf(report, layer, position).length);
  const meanOf = (masked: number) => {
    const some = counts.filter((_, position) => report.masked[position] === masked);
    return some.length > 0 ? some.reduce((sum, count) => sum + count, 0) / some.length : null;
  };
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const [revealed, masked] = [meanOf(0), meanOf(1)];
  const parts = revealed !== null && masked !== null ? ` (hidden ${three(masked)}, revealed ${three(revealed)})` : '';
  const without = counts.filter((count) => count === 0).length;
  const none = without === 0 ? '' : `; ${without} ${without === 1 ? 'token has' : 'tokens have'} none`;
  return `Experts per token: ${three(mean)} on average${parts}${none}`;
}

/**
 * One cell per token: the colour and number of the expert with the largest gate, and how many more hold it. Those that the
 * chosen expert holds are lit, those that nobody took or that a full expert turned away are marked.
 */
export function routeCells(report: RouteReport, model: ModelReport, layer: number, chosen: number | null): Cell[] {
  return Array.from(report.tokens, (token, position) => {
    const holders = holdersOf(report, layer, position);
    const masked = report.masked[position] === 1;
    const text = tokenText(model, token);
    const name = masked ? 'hidden' : spoken(text);
    const full = droppedBy(report, layer, position);
    const shared = { text: masked ? '' : visible(text), masked, lost: holders.length === 0 || full.length > 0 };
    const turnedAway = full.length > 0 ? `; turned away by expert ${full.join(', ')}, which was full` : '';
    if (holders.length === 0)
      return { ...shared, label: `Position ${position}, ${name}: no expert${turnedAway}`, foot: '–' };
    const [first] = holders;
    const background = expertColour(first.expert);
    const list = holders.map((holder) => `expert ${holder.expert} gate ${three(holder.gate)}`).join(', ');
    return {
      ...shared,
      label: `Position ${position}, ${name}: ${list}${turnedAway}`,
      bars: gateBars(holders),
      foot: holders.length > 1 ? `${first.expert}+${holders.length - 1}` : String(first.expert),
      lit: holders.some(({ expert }) => expert === chosen),
      background,
      ink: inkOn(background),
    };
  });
}

/** The experts that a token asked for and that were full. */
function droppedBy({ dropped, experts, tokens }: RouteReport, layer: number, position: number): number[] {
  const start = (layer * tokens.length + position) * experts;
  return Array.from({ length: experts }, (_, expert) => expert).filter((expert) => dropped[start + expert] === 1);
}

/** The least width of a bar, as a share of the cell: an expert whose gate is nearly 0 holds the token all the same. */
const leastBar = 0.08;

/** One bar per expert that holds a token, side by side, as wide as its gate: a CSS image. */
export function gateBars(holders: readonly Holder[]): string {
  const total = holders.reduce((sum, { gate }) => sum + gate, 0) || 1;
  const widths = holders.map(({ gate }) => Math.max(leastBar, gate / total));
  const all = widths.reduce((sum, width) => sum + width, 0);
  let end = 0;
  const stops = holders.map(({ expert }, i) => {
    const start = end;
    end += (100 * widths[i]) / all;
    return `${expertColour(expert)} ${start.toFixed(1)}% ${end.toFixed(1)}%`;
  });
  return `linear-gradient(to right, ${stops.join(', ')})`;
}
