/** Which runs become one line, what errors the line has, which settings differ, and which colour it keeps. */
import { describe, expect, it } from 'vitest';
import { slotsFor, toggleRuns, useComparison } from '../../../src/store/compare/comparison.ts';
import { differencesAmong } from '../../../src/store/compare/differences.ts';
import { groupRuns, lineOf } from '../../../src/store/compare/groups.ts';
import { firstChoice, keyOf, runsOfRecords } from '../../../src/store/compare/runs.ts';
import { bestOf, sortRuns } from '../../../src/store/compare/table.ts';
import { recordOf, runOf } from './records.ts';

const study = (arm: string) => ({ id: 'dense-vs-moe', size: 'software', arm });
const seed = (value: number) => ({ 'training.seed': value });

describe('groups', () => {
  const runs = [
    runOf({ id: 'a1', study: study('a'), settings: seed(1) }),
    runOf({ id: 'b1', study: study('b'), settings: seed(1) }),
    runOf({ id: 'a2', study: study('a'), settings: seed(2) }),
    runOf({ id: 'c1', settings: seed(1) }),
    runOf({ id: 'c2', settings: seed(2) }),
    runOf({ id: 'd1', settings: { 'training.learningRate': 0.001 } }),
    runOf({ id: 'now', settings: seed(3) }, 'current'),
  ];

  it('are arms, or configurations that differ in the seed alone; the run in progress stands for itself', () => {
    const members = groupRuns(runs, true).map((group) => group.runs.map(({ record }) => record.id));
    expect(members).toEqual([['a1', 'a2'], ['b1'], ['c1', 'c2'], ['d1'], ['now']]);
    expect(groupRuns(runs, true).map(({ label }) => label)).toEqual([
      'a (2 seeds)',
      'b',
      'run c1 (2 seeds)',
      'run d1',
      'run now',
    ]);
  });

  it('are single runs when asked for, told apart by their seeds', () => {
    const groups = groupRuns(runs, false);
    expect(groups.every((group) => group.runs.length === 1)).toBe(true);
    expect(groups.slice(0, 3).map(({ label }) => label)).toEqual(['a, seed 1', 'b, seed 1', 'a, seed 2']);
  });

  it('of a recorded arm are kept apart from the same arm run here', () => {
    const both = [runOf({ id: 'r', study: study('a') }, 'recorded'), runOf({ id: 'h', study: study('a') })];
    expect(groupRuns(both, true)).toHaveLength(2);
  });
});

describe('a line', () => {
  const a = runOf({
    id: 'a',
    validation: [
      [10, 1, 3, 0.5],
      [20, 2, 2, 0.4],
    ],
  });
  const b = runOf({
    id: 'b',
    settings: seed(2),
    validation: [
      [10, 3, 4, 0.5],
      [20, 6, 3, 0.4],
    ],
  });

  it('of one run has its own standard error over the held-out text', () => {
    const [group] = groupRuns([a], true);
    expect(lineOf(group, 'step', 0)).toMatchObject({
      errorKind: 'held-out text',
      validation: [
        { x: 10, y: 3, error: 0.5 },
        { x: 20, y: 2, error: 0.4 },
      ],
    });
  });

  it('of several seeds is their mean with the standard error over them, step by step also by wall-clock', () => {
    const [group] = groupRuns([a, b], true);
    const line = lineOf(group, 'seconds', 0);
    expect(line.errorKind).toBe('seeds');
    expect(line.validation).toEqual([
      { x: 2, y: 3.5, error: expect.closeTo(0.5, 12) },
      { x: 4, y: 2.5, error: expect.closeTo(0.5, 12) },
    ]);
    expect(line.raw).toHaveLength(2);
  });

  it('of runs that validated at different steps is interpolated', () => {
    const late = runOf({
      id: 'l',
      settings: seed(2),
      validation: [
        [15, 1, 3, 0.1],
        [20, 2, 2, 0.1],
      ],
    });
    const [group] = groupRuns([a, late], true);
    expect(lineOf(group, 'step', 0).validation.map(({ x, y }) => [x, y])).toEqual([
      [15, 2.75],
      [20, 2],
    ]);
  });
});

describe('differences', () => {
  it('name the settings that differ, but not the seed', () => {
    const records = [
      recordOf({ id: 'a', settings: { 'training.learningRate': 0.001, ...seed(1) } }),
      recordOf({ id: 'b', settings: { 'training.learningRate': 0.002, ...seed(2) } }),
    ];
    expect(differencesAmong(records)).toEqual([
      { path: 'training.learningRate', label: 'Learning rate', values: ['0.001', '0.002'] },
    ]);
    expect(differencesAmong([records[0]])).toEqual([]);
  });

  it('leave a setting out where it applies to no run, and dash it where it does not apply to one', () => {
    const dense = recordOf({ id: 'a', settings: { 'model.experts': 4, 'model.choices': 1 } });
    const other = recordOf({ id: 'b', settings: { 'model.experts': 16 } });
    expect(differencesAmong([dense, other])).toEqual([]);
    const sparse = recordOf({ id: 'c', settings: { 'model.feedForward': 'expert-choice', 'model.experts': 16 } });
    const found = new Map(differencesAmong([dense, sparse]).map(({ path, values }) => [path, values]));
    expect(found.get('model.experts')?.[0]).toBe('–');
    expect(found.get('model.experts')?.[1]).toMatch(/^16/);
    expect(found.has('model.feedForward')).toBe(true);
  });
});

describe('slots of the palette', () => {
  it('stay with a line while others come and go', () => {
    const first = slotsFor(new Map(), ['a', 'b', 'c']);
    expect([...first]).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 2],
    ]);
    const second = slotsFor(first, ['c', 'd']);
    expect(second.get('c')).toBe(2);
    expect(second.get('d')).toBe(0);
    // "a" comes back and finds its slot taken.
    const third = slotsFor(second, ['d', 'a', 'c']);
    expect([third.get('a'), third.get('c')]).toEqual([1, 2]);
    expect(new Set(['d', 'a', 'c'].map((key) => third.get(key))).size).toBe(3);
  });
});

describe('the table', () => {
  const runs = [
    runOf({
      id: '10',
      validation: [
        [1, 1, 2.5, 0.1],
        [2, 2, 2.6, 0.2],
      ],
      measures: { tokensPerSecond: 100 },
    }),
    runOf({ id: '9', validation: [[1, 1, 2.4, 0.1]] }),
    runOf({ id: '11', validation: [], measures: { tokensPerSecond: 300 } }),
  ];
  const sorted = (by: string, descending: boolean) => sortRuns(runs, { by, descending }).map(({ record }) => record.id);

  it('sorts numbers as numbers and names by the numbers in them, with nothing last either way', () => {
    expect(sorted('best', false)).toEqual(['9', '10', '11']);
    expect(sorted('best', true)).toEqual(['10', '9', '11']);
    expect(sorted('speed', true)).toEqual(['11', '10', '9']);
    expect(sorted('name', false)).toEqual(['9', '10', '11']);
  });

  it('gives the best validation its own error', () => {
    expect(bestOf(runs[0])).toEqual({ bpc: 2.5, error: 0.1 });
    expect(bestOf(runs[2])).toBeNull();
  });
});

it('begins with the first recorded study, or with everything', () => {
  const recorded = runOf({ id: 'r', study: study('a') }, 'recorded');
  const saved = runOf({ id: 's' });
  expect(firstChoice([saved, recorded])).toEqual([recorded.key]);
  expect(firstChoice([saved])).toEqual([saved.key]);
});

describe('the choice', () => {
  it('starts from what is on show, and keeps the order in which runs were chosen', () => {
    useComparison.setState({ chosen: null });
    toggleRuns(['c'], true, ['a', 'b']);
    expect(useComparison.getState().chosen).toEqual(['a', 'b', 'c']);
    toggleRuns(['a'], false, []);
    expect(useComparison.getState().chosen).toEqual(['b', 'c']);
  });

  it('holds on to the run in progress when it ends and is saved: its key stays', () => {
    const record = recordOf({ id: 'now' });
    const [saved] = runsOfRecords([record], []);
    expect(keyOf('current', record)).toBe(saved.key);
    const ofStudy = { ...record, study: study('a') };
    expect(runsOfRecords([ofStudy], [])[0].key).toBe(saved.key);
    expect(keyOf('recorded', ofStudy)).not.toBe(saved.key);
  });
});
