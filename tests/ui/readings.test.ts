/** What the views say about frames, routes and numbers. */
import { describe, expect, it } from 'vitest';
import { bytes, compact, duration, spoken, visible } from '../../src/base/format.ts';
import { presetExperiment } from '../../src/config/presets.ts';
import { expertColour } from '../../src/ui/colours.ts';
import { cellsOf, textOf } from '../../src/ui/parts/denoising.ts';
import { stepped } from '../../src/ui/parts/NumberControl.tsx';
import { logBounds, logTicksOf, roundBounds, roundUp, ticksOf } from '../../src/ui/parts/ticks.ts';
import { expertsPerToken, gateBars, holdersOf, loadOfLayer, routeCells } from '../../src/ui/routing/routes.ts';
import type { DecodeFrame, ModelReport, RouteReport } from '../../src/worker/protocol.ts';

const model: ModelReport = {
  experiment: presetExperiment('expert-choice'),
  vocabulary: ['a', ' ', '\n', '[MASK]'],
  maskId: 3,
  expertLayers: [0, 1],
  parameters: { total: 1, active: 1 },
  trainFlopsPerToken: 1,
  inferenceFlopsPerToken: 1,
  split: '',
  windowsPerEpoch: null,
  floorBpc: null,
};

describe('a decode frame', () => {
  const frame: DecodeFrame = {
    call: 2,
    calls: 4,
    tokens: new Uint32Array([0, 1, 3, 2]),
    confidence: new Float32Array([1, 0.5, Number.NaN, 0.25]),
    committedAt: new Int32Array([0, 1, -1, 2]),
  };

  it('tells given, committed, fresh and masked positions apart', () => {
    const cells = cellsOf(frame, model, 'confidence');
    expect(cells[0]).toMatchObject({ text: 'a', given: true });
    expect(cells[1]).toMatchObject({ label: 'Position 1: space, confidence 0.5, revealed at call 1', fresh: false });
    expect(cells[2]).toMatchObject({ masked: true, label: 'Position 2: hidden' });
    expect(cells[3]).toMatchObject({ text: '↵', fresh: true });
    expect(textOf(frame, model)).toBe('a ░\n');
  });

  it('tints the sure more than the unsure', () => {
    const share = (position: number) =>
      Number(/(\d+)%/.exec(cellsOf(frame, model, 'confidence')[position].background!)![1]);
    expect(share(1)).toBeGreaterThan(share(3));
  });
});

describe('a route report', () => {
  // 2 layers, 2 tokens, 3 experts.
  const report: RouteReport = {
    tokens: new Uint32Array([0, 3]),
    masked: new Uint8Array([0, 1]),
    layers: [0, 1],
    experts: 3,
    // The last token of the last layer is held by two experts, by one of them with a gate too small for float32.
    chosen: new Uint8Array([0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1]),
    dropped: new Uint8Array(12),
    gates: new Float32Array([0, 0.25, 0.75, 0, 0, 0, 1, 0, 0, 0, 0.5, 0]),
    scores: new Float32Array(12).map((_, i) => i / 12),
    load: new Float32Array([0, 1, 1, 1, 1, 1]),
    maxVio: new Float32Array(2),
  };

  it('counts experts per token, hidden and revealed apart, and tokens that no expert took', () => {
    expect(expertsPerToken(report, 0)).toBe('Experts per token: 1 on average (hidden 0, revealed 2); 1 token has none');
    const revealed = { ...report, masked: new Uint8Array(2) };
    expect(expertsPerToken(revealed, 1)).toBe('Experts per token: 1.5 on average');
  });

  it('lists the experts of a token, the largest gate first', () => {
    expect(holdersOf(report, 0, 0).map(({ expert, gate }) => [expert, gate])).toEqual([
      [2, 0.75],
      [1, 0.25],
    ]);
    expect(holdersOf(report, 0, 1)).toEqual([]);
    expect(holdersOf(report, 1, 1).map(({ expert, gate }) => [expert, gate])).toEqual([
      [1, 0.5],
      [2, 0],
    ]);
    expect(holdersOf(report, 1, 1)[0]).toMatchObject({ expert: 1, score: Math.fround(10 / 12) });
  });

  it('gives each layer the load of its own experts, those of gate 0 included', () => {
    expect(loadOfLayer(report, 0)).toEqual([0, 1, 1]);
    expect(loadOfLayer(report, 1)).toEqual([1, 1, 1]);
    for (const layer of [0, 1]) {
      const held = [0, 1].flatMap((position) => holdersOf(report, layer, position).map(({ expert }) => expert));
      const counts = [0, 1, 2].map((expert) => held.filter((holder) => holder === expert).length);
      expect(counts).toEqual(loadOfLayer(report, layer));
    }
  });

  it('prints the top expert and how many more hold the token', () => {
    const [first, second] = routeCells(report, model, 0, null);
    expect(first).toMatchObject({ text: 'a', foot: '2+1' });
    expect(second).toMatchObject({ masked: true, foot: '–', label: 'Position 1, hidden: no expert' });
  });

  it('marks tokens that nobody took or that a full expert turned away', () => {
    const dropped = new Uint8Array(12);
    dropped[2 * 3 + 1] = 1;
    const marked = (layer: number) => routeCells({ ...report, dropped }, model, layer, null);
    expect(marked(0).map(({ lost }) => lost)).toEqual([false, true]);
    expect(marked(1).map(({ lost }) => lost)).toEqual([true, false]);
    expect(marked(1)[0].label).toMatch(/: expert 0 gate 1; turned away by expert 1, which was full$/);
  });

  it('draws a bar for every expert that holds a token, as wide as its gate, one of gate 0 too', () => {
    const widths = (image: string) =>
      [...image.matchAll(/(#\w+) ([\d.]+)% ([\d.]+)%/g)].map(([, colour, from, to]) => [
        ...[colour, Number(from), Number(to)],
      ]);
    const barsOf = (layer: number, position: number) => widths(gateBars(holdersOf(report, layer, position)));
    expect(barsOf(0, 0)).toEqual([
      [expertColour(2), 0, 75],
      [expertColour(1), 75, 100],
    ]);
    expect(barsOf(1, 1)).toEqual([
      [expertColour(1), 0, 92.6],
      [expertColour(2), 92.6, 100],
    ]);
    expect(routeCells(report, model, 0, null)[0].bars).toBe(gateBars(holdersOf(report, 0, 0)));
  });

  it('lights the tokens of the chosen expert, whether it is their first or not', () => {
    const litBy = (expert: number | null, layer: number) =>
      routeCells(report, model, layer, expert).map(({ lit }) => lit === true);
    expect([null, 0, 1, 2].map((expert) => litBy(expert, 0))).toEqual([
      ...[
        [false, false],
        [false, false],
      ],
      ...[
        [true, false],
        [true, false],
      ],
    ]);
    expect(litBy(1, 1)).toEqual([false, true]);
  });
});

describe('numbers in words', () => {
  it.each([
    [0, '0'],
    [0.1234, '0.123'],
    [512, '512'],
    [9999, '9,999'],
    [12345, '12.3 k'],
    [1.5e6, '1.5 M'],
  ])('compact %d', (value, words) => expect(compact(value)).toBe(words));

  it.each([
    [0.2, 'less than 1 s'],
    [45, '45 s'],
    [140, '2 min'],
    [7500, '2 h 5 min'],
  ])('duration %d', (seconds, words) => expect(duration(seconds)).toBe(words));

  it('bytes, and marks for white space', () => {
    expect(bytes(4_100_000)).toBe('4.1 MB');
    expect(bytes(512)).toBe('512 B');
    expect([visible('\n'), visible('x'), spoken(' ')]).toEqual(['↵', 'x', 'space']);
    expect([visible(' the'), visible('.\n\n')]).toEqual([' the', '.↵↵']);
    expect([spoken('\n\n'), spoken(' the'), spoken('.\n')]).toEqual(['line break, line break', '“ the”', '“.↵”']);
  });

  it('steps a number within its range', () => {
    const whole = { min: 1, max: 16, integer: true };
    expect(stepped(16, 1, whole)).toBe('16');
    expect(stepped(3, -1, whole)).toBe('2');
    expect(stepped(0.001, 1, { min: 1e-6, max: 1, integer: false, logarithmic: true })).toBe('0.00125');
    expect(stepped(Number.NaN, 1, whole)).toBeNull();
  });

  it('ends an axis at a round number and marks round steps', () => {
    expect([roundUp(0), roundUp(7), roundUp(250), roundUp(251), roundUp(1000)]).toEqual([1, 8, 250, 300, 1000]);
    expect(ticksOf(0, 250, 5)).toEqual([0, 50, 100, 150, 200, 250]);
    expect(ticksOf(4, 6.5, 5)).toEqual([4, 4.5, 5, 5.5, 6, 6.5]);
    expect(ticksOf(0, 25_000, 3)).toEqual([0, 10_000, 20_000]);
    expect(roundBounds(1.93, 3.4)).toEqual([1.5, 3.5]);
    expect(roundBounds(2, 2)).toEqual([2, 2.05]);
  });

  it('marks a logarithmic axis by powers of ten, finer where those are few', () => {
    expect(logTicksOf(1, 2000, 5)).toEqual([1, 10, 100, 1000]);
    expect(logTicksOf(3, 60, 5)).toEqual([5, 10, 20, 50]);
    expect(logTicksOf(2, 3, 5)).toEqual([2, 2.2, 2.4, 2.6, 2.8, 3]);
  });
});

it('a logarithmic axis ends at 1, 2 or 5 times a power of ten around its values, and has a height', () => {
  expect(logBounds(0.7, 9.4)).toEqual([0.5, 10]);
  expect(logBounds(0.003, 120)).toEqual([0.002, 200]);
  expect(logBounds(2, 50)).toEqual([2, 50]);
  expect(logBounds(1, 1)).toEqual([1, 2]);
  expect(logBounds(9.9, 9.95)).toEqual([5, 10]);
  for (const value of [1e-7, 0.3, 4, 99, 1e5]) {
    const [low, high] = logBounds(value, value);
    expect(low).toBeLessThanOrEqual(value);
    expect(high).toBeGreaterThanOrEqual(value);
    expect(high).toBeGreaterThan(low);
  }
});
