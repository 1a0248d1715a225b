/** The lines of the comparison: the chosen runs, grouped, over the chosen axis, each with its slot of the palette. */
import { useEffect, useMemo, useRef } from 'react';
import { slotsFor, useComparison } from '../../store/compare/comparison.ts';
import { type ComparedLine, type ComparedRun, groupRuns, lineOf } from '../../store/compare/groups.ts';
import { lineStyle } from '../colours.ts';
import { useEqual } from './useEqual.ts';

export interface DrawnLine extends ComparedLine {
  readonly colour: string;
  readonly dash: string | undefined;
  readonly isHidden: boolean;
}

/**
 * Once per second one of the runs may be new, the run in progress: the lines of the others stay the same objects.
 * @param runs the chosen runs; keep the array while nothing changes
 */
export function useLines(runs: readonly ComparedRun[]): readonly DrawnLine[] {
  const { axis, byArm, reach, hidden } = useComparison();
  const groups = useMemo(() => groupRuns(runs, byArm), [runs, byArm]);
  const remembered = useRef<ReadonlyMap<string, number>>(new Map());
  const slots = useMemo(() => {
    const keys = groups.map(({ key }) => key);
    return slotsFor(remembered.current, keys);
  }, [groups]);
  const drawn = useRef<ReadonlyMap<string, { basis: readonly unknown[]; line: DrawnLine }>>(new Map());
  const lines = useMemo(() => {
    return groups.map((group) => {
      const { key, label } = group;
      const slot = slots.get(key) ?? 0;
      const isHidden = hidden.includes(key);
      const basis = [...group.runs, label, slot, isHidden, axis, reach];
      const before = drawn.current.get(key);
      if (before && before.basis.length === basis.length && basis.every((part, i) => part === before.basis[i]))
        return before;
      return { basis, line: { ...lineOf(group, axis, reach), ...lineStyle(slot), isHidden } };
    });
  }, [groups, slots, hidden, axis, reach]);
  useEffect(() => {
    remembered.current = slots;
    drawn.current = new Map(lines.map((entry) => [entry.line.key, entry]));
  }, [slots, lines]);
  return useEqual(lines.map(({ line }) => line));
}
