/**
 * What Compare shows: the runs that are chosen, the lines that are switched off, axes, smoothing, the cursor. The runs
 * themselves are in `runs.ts`; arithmetic on curves is in `curves.ts` and `groups.ts`.
 */
import { create } from 'zustand';
import type { XAxisName } from './axes.ts';
import type { Sorting } from './table.ts';

export interface Comparison {
  /** Keys of the chosen runs, in the order in which they were chosen; null until anything is. */
  chosen: readonly string[] | null;
  /** Keys of the lines that are switched off in the legend. */
  hidden: readonly string[];
  axis: XAxisName;
  logX: boolean;
  logY: boolean;
  /** One line per arm, the mean over its seeds, instead of one per run. */
  byArm: boolean;
  /** How far the smoothing of the training loss goes back, as a share of a run; 0 for none. */
  reach: number;
  sorting: Sorting;
}

export const useComparison = create<Comparison>(() => ({
  chosen: null,
  hidden: [],
  axis: 'step',
  logX: false,
  logY: false,
  byArm: true,
  reach: 0.02,
  sorting: { by: 'created', descending: true },
}));

/** Where the cursor of all charts stands on the x axis; null while it is nowhere. Apart, because it moves often. */
export const useCursor = create<{ x: number | null }>(() => ({ x: null }));

/** Changes what is shown of the chosen runs. A place on one x axis means nothing on another. */
export function show(changes: Partial<Omit<Comparison, 'chosen' | 'hidden'>>): void {
  if (changes.axis) useCursor.setState({ x: null });
  useComparison.setState(changes);
}

/** Takes exactly these runs. */
export function chooseRuns(keys: readonly string[]): void {
  useComparison.setState({ chosen: [...new Set(keys)], hidden: [] });
}

/** Adds runs to the comparison or takes them out. `from` are the runs on show when nothing was chosen by hand yet. */
export function toggleRuns(keys: readonly string[], on: boolean, from: readonly string[]): void {
  const { chosen } = useComparison.getState();
  const others = (chosen ?? from).filter((key) => !keys.includes(key));
  useComparison.setState({ chosen: on ? [...others, ...keys] : others });
}

/** Switches a line on or off. */
export function toggleLine(key: string): void {
  useComparison.setState(({ hidden }) => ({
    hidden: hidden.includes(key) ? hidden.filter((other) => other !== key) : [...hidden, key],
  }));
}

/**
 * A slot of the palette for every line. A line keeps the slot it had before (also while it was away, unless a line on
 * show has taken it); a new one gets the lowest that is free.
 */
export function slotsFor(before: ReadonlyMap<string, number>, keys: readonly string[]): Map<string, number> {
  const slots = new Map<string, number>();
  const taken = new Set<number>();
  for (const key of keys) {
    const slot = before.get(key);
    if (slot === undefined || taken.has(slot)) continue;
    slots.set(key, slot);
    taken.add(slot);
  }
  let next = 0;
  for (const key of keys) {
    if (slots.has(key)) continue;
    while (taken.has(next)) next += 1;
    slots.set(key, next);
    taken.add(next);
  }
  return new Map([...before, ...slots]);
}
