/** The lines of the comparison: the chosen runs, grouped, over the chosen axis, each with its slot of the palette. */
import { useEffect, useMemo, useRef } from 'react';
import { slotsFor, useComparison } from '../../store/compare/comparison.ts';
import { type ComparedLine, type ComparedRun, groupRuns, lineOf } from '../../store/compare/groups.ts';
import { lineStyle } from '../colours.ts';

export interface DrawnLine extends ComparedLine {
  readonly colour: string;
  readonly dash: string | undefined;
  readonly isHidden: boolean;
}

/** @param runs the chosen runs; keep the array while nothing changes */
export function useLines(runs: readonly ComparedRun[]): DrawnLine[] {
  const { axis, byArm, reach, hidden } = useComparison();
  const remembered = useRef<ReadonlyMap<string, number>>(new Map());
  const groups = useMemo(() => groupRuns(runs, byArm), [runs, byArm]);
  const lines = useMemo(() => groups.map((group) => lineOf(group, axis, reach)), [groups, axis, reach]);
  const slots = useMemo(() => {
    const keys = groups.map(({ key }) => key);
    return slotsFor(remembered.current, keys);
  }, [groups]);
  useEffect(() => {
    remembered.current = slots;
  }, [slots]);
  return useMemo(
    () =>
      lines.map((line) => ({ ...line, ...lineStyle(slots.get(line.key) ?? 0), isHidden: hidden.includes(line.key) })),
    [lines, slots, hidden],
  );
}
