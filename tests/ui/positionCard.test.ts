/** The card of a position of a decode: its words against the rules that decided, on real decodes and by table. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { percent, three } from '../../src/base/format.ts';
import { type DecoderName, decodersFor } from '../../src/config/decoders.ts';
import { presetExperiment } from '../../src/config/presets.ts';
import { type Frame, frameAt } from '../../src/diffusion/decode.ts';
import { type TraceStep, traceStep } from '../../src/diffusion/trace.ts';
import { callRows } from '../../src/ui/decoding/callRows.ts';
import { canvasCells } from '../../src/ui/decoding/canvasCells.ts';
import { historyAt, stateWords } from '../../src/ui/decoding/history.ts';
import { cardOf, type Decoded } from '../../src/ui/decoding/positionCard.ts';
import { type Standing, whyWords } from '../../src/ui/decoding/whyWords.ts';
import type { ModelReport } from '../../src/worker/protocol.ts';
import { livelyLogits, network, optionsOf, stepsOf } from '../diffusion/harness.ts';

const V = 7;
const model: ModelReport = {
  experiment: presetExperiment('expert-choice'),
  vocabulary: ['a', 'b', 'c', 'd', 'e', 'f', 'g', '[MASK]'],
  maskId: V,
  expertLayers: [],
  parameters: { total: 1, active: 1 },
  trainFlopsPerToken: 1,
  inferenceFlopsPerToken: 1,
  split: '',
  windowsPerEpoch: null,
  floorBpc: null,
};

async function decoded(decoder: DecoderName, tokens: readonly number[], seed: number): Promise<Decoded> {
  const start = Uint32Array.from(tokens);
  const options = optionsOf(start, { decoder, changes: { seed }, maskId: V });
  const steps = await stepsOf(network(livelyLogits(V)), start, options);
  const first = {
    tokens: start,
    confidence: Float32Array.from(start, (token) => (token === V ? Number.NaN : 1)),
    committedAt: Int32Array.from(start, (token) => (token === V ? -1 : 0)),
  };
  const all: Frame[] = [frameAt(first, 0), ...steps.map(({ progress, counts }) => frameAt(progress, counts.calls))];
  const frames = all.map((frame) => ({ ...frame, calls: all[all.length - 1].call }));
  return { frames, reasons: [null, ...steps.map(traceStep)], settings: options.settings, model };
}

const starts = fc.array(fc.constantFrom(V, V, V, 0, 3), { minLength: 1, maxLength: 12 });

describe('on real decodes', () => {
  test.each(decodersFor('diffusion'))('%s: every card agrees with its frame and its step', async (decoder) => {
    await fc.assert(
      fc.asyncProperty(starts, fc.nat(99), async (start, seed) => {
        const run = await decoded(decoder, start, seed);
        run.frames.forEach((frame, index) => {
          for (let position = 0; position < start.length; position++) expectAgreement(run, { frame, index, position });
        });
      }),
      { numRuns: 8 },
    );
  });
});

/** What the title and the reason say of a position is what the frame holds and what the step did. */
function expectAgreement(
  run: Decoded,
  { frame, index, position }: { frame: Decoded['frames'][number]; index: number; position: number },
): void {
  const { title, why, weighed } = cardOf(run, index, position);
  const reason = run.reasons[index];
  const call = frame.committedAt[position];
  const now = reason?.open.positions.indexOf(position) ?? -1;
  expect(title.startsWith(`Position ${position}: `)).toBe(true);
  expect(/: hidden/.test(title)).toBe(call < 0);
  expect(/, given$/.test(title)).toBe(call === 0);
  if (call > 0) {
    expect(title).toContain(`“${'abcdefg'[frame.tokens[position]]}”, confidence `);
    expect(title).toMatch(
      call === frame.call ? /(revealed|edited) in this call$/ : new RegExp(`(revealed|edited) at call ${call}$`),
    );
  }
  expect(weighed?.isNow ?? false).toBe(now >= 0);
  if (reason?.remasks.includes(position))
    expect([title, why]).toEqual([
      expect.stringMatching(/hidden again in this call$/),
      expect.stringMatching(/hidden again by chance/),
    ]);
  if (reason?.edits.some((edit) => edit.position === position)) expect(title).toMatch(/edited in this call$/);
  const edit = reason?.edits.find((one) => one.position === position);
  if (edit)
    expect(why).toContain(
      `a token of probability ${three(edit.confidence)}, which reaches the edit threshold ${three(run.settings.tauEdit)}`,
    );
  if (call > 0 && now < 0 && /revealed/.test(title))
    expect(why).toBe(cardOf(run, revealedAt(run, index, position), position).why);
  if (now < 0 || !reason || !weighed) return;
  const isTaken = reason.commits.some((commit) => commit.position === position);
  expect(why).toMatch(isTaken ? /^Revealed/ : /^Left hidden/);
  expect(/revealed/.test(title)).toBe(isTaken);
  expect(weighed.call).toBe(frame.call);
  expect(weighed.best.map(({ probability }) => probability)).toEqual(reason.open.probabilities[now]);
  expect(weighed.best.map(({ token }) => token)).toEqual(reason.open.best[now].map((token) => `“${'abcdefg'[token]}”`));
  expect(weighed.best.map(({ isCandidate }) => isCandidate)).toEqual(
    reason.open.best[now].map((token) => token === reason.open.tokens[now]),
  );
  expect(weighed.budget).toContain(three(reason.budget.value));
  expect(weighed.score.startsWith(`${three(reason.open.score[now])} by `)).toBe(true);
  expect(weighed.candidate).toContain(percent(reason.open.confidence[now]));
  expect(weighed.candidate).toContain(`“${'abcdefg'[reason.open.tokens[now]]}”`);
  expect(weighed.score).toContain(`number ${now + 1} of ${reason.open.positions.length}`);
  expect(weighed.budget.startsWith(`${reason.commits.length} of ${reason.open.positions.length} revealed; `)).toBe(
    true,
  );
}

/** The frame at or before `index` whose step revealed what the position holds. */
function revealedAt({ reasons }: Decoded, index: number, position: number): number {
  return reasons
    .slice(0, index + 1)
    .findLastIndex((reason) => reason?.commits.some((one) => one.position === position));
}

test('before the first call, and of what a later block holds, it says that nothing was weighed', async () => {
  const run = await decoded('semi-autoregressive', [1, ...Array.from({ length: 19 }, () => V)], 3);
  const why = (index: number, position: number) => cardOf(run, index, position).why;
  expect(why(0, 0)).toBe('It was given, and given tokens are never changed.');
  expect(why(3, 0)).toBe(why(0, 0));
  expect(why(0, 19)).toBe('Nothing is decided before the first call.');
  expect(why(1, 19)).toBe('It was not weighed in this call: what stands before it is filled first.');
  expect(cardOf(run, 1, 19).weighed).toBeNull();
});

describe('what has happened', () => {
  const step = (call: number, changes: Partial<TraceStep>) =>
    ({ call, commits: [], remasks: [], edits: [], ...changes }) as unknown as TraceStep;
  const token = (position: number) => ({ position, token: 0, confidence: 0.5, score: 0.5 });
  const reasons = [
    null,
    step(1, { commits: [token(0), token(1), token(2)] }),
    step(2, { remasks: [0], edits: [token(1)] }),
    step(3, { commits: [token(0)] }),
  ];
  const frameOf = (call: number, committedAt: number[]) => ({
    call,
    calls: 3,
    tokens: new Uint32Array(4),
    confidence: new Float32Array(4),
    committedAt: Int32Array.from(committedAt),
  });

  test.each([
    [0, 0, 'hidden'],
    [1, 0, 'revealed in this call'],
    [2, 0, 'hidden again in this call'],
    [2, 1, 'edited in this call'],
    [2, 2, 'revealed at call 1'],
    [3, 0, 'revealed in this call'],
    [3, 1, 'edited at call 2'],
    [3, 3, 'hidden'],
  ])('after frame %i position %i is %s', (index, position, words) => {
    const frame = frameOf(index, [-1, -1, -1, -1]);
    expect(stateWords(frame, position, historyAt(reasons, index).get(position))).toBe(words);
  });
});

test('the rows of the calls add up to what is left hidden', async () => {
  for (const decoder of ['remdm-cap', 'edit-speed', 'ancestral'] as const) {
    const { frames, reasons } = await decoded(decoder, [2, ...Array.from({ length: 11 }, () => V)], 3);
    const rows = callRows(frames, reasons);
    expect(rows[0]).toEqual({ call: 0, revealed: 0, edited: 0, hiddenAgain: 0, left: 11 });
    rows.slice(1).forEach(({ revealed, hiddenAgain, left, call }, index) => {
      expect(left).toBe(rows[index].left - revealed + hiddenAgain);
      expect(call).toBe(frames[index + 1].call);
    });
    expect(rows[rows.length - 1].left).toBe(0);
    const edits = reasons.flatMap((reason) => reason?.edits ?? []).length;
    expect(rows.reduce((sum, { edited }) => sum + edited, 0)).toBe(edits);
    expect(edits > 0).toBe(decoder === 'edit-speed');
  }
});

test('the canvas tells apart what changed in this call, what was edited, and what was hidden again', async () => {
  const seen = new Set<string>();
  for (const decoder of ['remdm-cap', 'edit-speed'] as const) {
    const run = await decoded(decoder, [2, ...Array.from({ length: 11 }, () => V)], 3);
    run.frames.forEach((frame, index) => {
      const reason = run.reasons[index];
      canvasCells(run, index, 'confidence').forEach((cell, position) => {
        const has = (list: readonly { position: number }[] = []) => list.some((one) => one.position === position);
        const [commit, edit, remask] = [has(reason?.commits), has(reason?.edits), !!reason?.remasks.includes(position)];
        expect(!!cell.fresh).toBe(commit || edit || remask);
        expect(!!cell.masked).toBe(frame.committedAt[position] < 0);
        expect(!!cell.given).toBe(position === 0);
        if (edit || remask || commit) expect([!!cell.edited, !!cell.hiddenAgain]).toEqual([edit, remask]);
        const later = run.frames.slice(0, index).some((_, i) => run.reasons[i]?.remasks.includes(position));
        if (cell.hiddenAgain) expect(cell.masked && (later || remask)).toBe(true);
        expect(cell.label).toBe(cardOf(run, index, position).title);
        for (const mark of ['fresh', 'edited', 'hiddenAgain', 'given'] as const) if (cell[mark]) seen.add(mark);
      });
    });
  }
  expect([...seen].sort()).toEqual(['edited', 'fresh', 'given', 'hiddenAgain']);
});

describe('why', () => {
  const base: Standing = { rank: 2, of: 9, score: 0.8, count: 3, value: 3, isTaken: true };
  test.each([
    ['quota', {}, 'Revealed: it comes as number 2 of 9, and the share of this call is the first 3.'],
    [
      'quota',
      { rank: 4, isTaken: false },
      'Left hidden: it comes as number 4 of 9, and the share of this call is the first 3.',
    ],
    [
      'quota',
      { count: 0, isTaken: false },
      'Left hidden: it comes as number 2 of 9, and the share of this call is none.',
    ],
    ['one', { rank: 1 }, 'Revealed: it comes as number 1 of 9, and each call reveals the first.'],
    ['each', { value: 0.25 }, 'Revealed by chance: in this call each position was revealed with probability 0.25.'],
    [
      'each',
      { value: 0.25, isTaken: false },
      'Left hidden by chance: in this call each position was revealed with probability 0.25.',
    ],
    ['threshold', { value: 0.8 }, 'Revealed: its score 0.8 reaches the threshold 0.8.'],
    ['threshold', { value: 0.9, isTaken: false }, 'Left hidden: its score 0.8 is below the threshold 0.9.'],
    [
      'threshold',
      { value: 0.8, score: 0.79999, isTaken: false },
      'Left hidden: its score 0.8 is just below the threshold 0.8.',
    ],
    [
      'threshold',
      { rank: 1, count: 1, value: 0.9 },
      'Revealed as the best of this call: no score reaches the threshold 0.9, and a call reveals at least one.',
    ],
    ['factor', { value: 1 }, 'Revealed: (2 + 1)(1 − 0.8) = 0.6 is below the factor 1.'],
    ['factor', { value: 0.5 }, 'Revealed: number 3, after it, still meets the factor 0.5.'],
    [
      'factor',
      { rank: 1, count: 1, value: 0.3 },
      'Revealed: no position meets the factor 0.3, and a call reveals at least the first.',
    ],
    ['factor', { rank: 4, value: 1, isTaken: false }, 'Left hidden: (4 + 1)(1 − 0.8) = 1 is not below the factor 1.'],
    ['entropy-bound', { rank: 1, value: 0.1 }, 'Revealed: the surest position always is.'],
    [
      'entropy-bound',
      { value: 0.1 },
      'Revealed: it comes as number 2 of 9, and the first 3 are as many as the entropy bound of 0.1 nats allows.',
    ],
    [
      'entropy-bound',
      { rank: 4, value: 0.1, isTaken: false },
      'Left hidden: it comes as number 4 of 9, and the first 3 are as many as the entropy bound of 0.1 nats allows.',
    ],
  ] as const)('%s %o', (budget, changes, words) => {
    expect(whyWords({ budget }, { ...base, ...changes })).toBe(words);
  });
});
