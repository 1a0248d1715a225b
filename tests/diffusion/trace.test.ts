/** Draft and verify, guidance, editing and spans as the loop carries them out; and traces: replayed, written, read back. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/base/errors.ts';
import { decoderNames, decodersFor } from '../../src/config/decoders.ts';
import {
  type DecodeOptions,
  type DecodeStep,
  decode,
  mostCalls,
  sequencesPerCall,
} from '../../src/diffusion/decode.ts';
import { parseTrace } from '../../src/diffusion/parseTrace.ts';
import { framesOf, type Trace, traceFormat, traceStep } from '../../src/diffusion/trace.ts';
import { fixedLogits, type Logits, livelyLogits, network, optionsOf, stepsOf } from './harness.ts';

const V = 7;
const mask = V;
const lively = livelyLogits(V);
const starts = fc
  .array(fc.integer({ min: 0, max: V }), { minLength: 1, maxLength: 20 })
  .map((tokens) => Uint32Array.from(tokens));
const masks = (T: number) => new Uint32Array(T).fill(mask);

function traceOf(start: Uint32Array, { settings }: DecodeOptions, steps: readonly DecodeStep[]): Trace {
  const model = { name: 'test', vocabulary: V, checksum: null };
  return { format: traceFormat, model, settings, start: [...start], steps: steps.map(traceStep) };
}

describe('draft and verify', () => {
  const static_ = [
    { order: 'confidence', candidate: 'best' },
    { order: 'margin', candidate: 'sample' },
    { order: 'random', candidate: 'sample', budget: 'each' },
    { order: 'confidence', candidate: 'sample', budget: 'threshold', tau: 0.5 },
    { order: 'position', candidate: 'sample', budget: 'one' },
    { order: 'random', candidate: 'sample', span: 'blocks', blockSize: 3 },
  ];

  test.each(static_)(
    'writes what its static sampler writes, in no more calls: $order $budget $span',
    async (changes) => {
      await fc.assert(
        fc.asyncProperty(starts, fc.integer({ min: 1, max: 12 }), fc.nat(999), async (start, steps, seed) => {
          const run = async (draftDepth: number) => {
            const all = { steps, seed, ...changes, draftDepth };
            const options = optionsOf(start, { decoder: 'draft-verify', changes: all, maskId: mask });
            let largest = 0;
            const seen = await stepsOf(
              async (sequences) => {
                largest = Math.max(largest, sequences.length);
                // No draft is read twice.
                expect(new Set(sequences.map(String)).size).toBe(sequences.length);
                return sequences.map(lively);
              },
              start,
              options,
            );
            expect(largest).toBeLessThanOrEqual(sequencesPerCall(options));
            return seen;
          };
          const [plain, drafted] = [await run(0), await run(4)];
          const decided = (steps: DecodeStep[]) =>
            steps.filter(({ isChanged }) => isChanged).map(({ decision, view }) => [view.step, decision.commit]);
          expect(decided(drafted)).toEqual(decided(plain));
          const [few, many] = [drafted, plain].map((steps) => steps.at(-1)?.counts.calls ?? 0);
          expect(few).toBeLessThanOrEqual(many);
          expect(drafted.at(-1)?.counts.verifyCalls ?? 0).toBeLessThanOrEqual(few);
        }),
        { numRuns: 20 },
      );
    },
  );

  test('with a network that never changes its mind every draft is right: 1 + (16 - 1) / 5 calls', async () => {
    const start = masks(16);
    const changes = { steps: 16, draftDepth: 4 };
    const options = optionsOf(start, { decoder: 'draft-verify', changes, maskId: mask });
    const { counts } = (await stepsOf(network(fixedLogits(V)), start, options)).at(-1)!;
    expect(counts).toEqual({ calls: 4, verifyCalls: 3, editCalls: 0, sequences: 1 + 3 * 5 });
  });
});

describe('guidance', () => {
  test('is l_u + (s + 1)(l_c - l_u), the prompt masked in l_u; and needs a prompt', async () => {
    const start = Uint32Array.of(2, mask, mask);
    const asked = { decoder: 'low-confidence', changes: { candidate: 'best', steps: 1, guidance: 1.5 }, maskId: mask };
    const read: number[][] = [];
    const listening: Logits = (xt) => {
      read.push([...xt]);
      return lively(xt);
    };
    const [step] = await stepsOf(network(listening), start, optionsOf(start, asked));
    expect(read).toEqual([
      [2, mask, mask],
      [mask, mask, mask],
    ]);
    const [own, without] = read.map((tokens) => lively(Uint32Array.from(tokens)));
    for (const position of [1, 2]) {
      const logits = Array.from({ length: V }, (_, v) => {
        const at = position * (V + 1) + v;
        return without[at] + 2.5 * (own[at] - without[at]);
      });
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      step.view.beliefs.row(position).forEach((p, v) => {
        expect(p).toBeCloseTo(Math.exp(logits[v]) / total, 6);
      });
    }
    const nothing = masks(3);
    await expect(stepsOf(network(lively), nothing, optionsOf(nothing, asked))).rejects.toThrow(
      /^decode\.guidance: expected 0 without a prompt to be guided by, got 1\.5$/,
    );
  });
});

describe('editing', () => {
  /** Wants token 1 everywhere, once something is written; before, 0. */
  const changing: Logits = (xt) =>
    Float32Array.from({ length: xt.length * (V + 1) }, (_, i) => {
      const wanted = xt.every((token) => token === mask) ? 0 : 1;
      return i % (V + 1) === wanted ? 5 : 0;
    });
  const run = async (logits: Logits, editCalls: number) => {
    const start = masks(4);
    const changes = { tau: 0, tauEdit: 0.5, editCalls };
    const options = optionsOf(start, { decoder: 'edit-quality', changes, maskId: mask });
    const steps = await stepsOf(network(logits), start, options);
    return { steps, options, start };
  };

  test('goes over the text after its last mask until nothing changes', async () => {
    const { steps } = await run(changing, 16);
    expect(steps.map(({ kind }) => kind)).toEqual(['decode', 'edit', 'edit']);
    expect(steps.map(({ decision }) => decision.edits.length)).toEqual([0, 4, 0]);
    expect([...steps.at(-1)!.progress.tokens]).toEqual([1, 1, 1, 1]);
    expect(steps.at(-1)!.counts).toEqual({ calls: 3, verifyCalls: 0, editCalls: 2, sequences: 3 });
    expect(steps.at(-1)!.progress.committedAt[0]).toBe(2);
  });

  test.each([0, 1, 3])('makes at most %i calls for it, of a network that is never content', async (most) => {
    // Wants the token after the one that is there.
    const restless: Logits = (xt) =>
      Float32Array.from({ length: xt.length * (V + 1) }, (_, i) =>
        i % (V + 1) === (xt[Math.floor(i / (V + 1))] + 1) % V ? 5 : 0,
      );
    const { steps, options, start } = await run(restless, most);
    expect(steps.at(-1)!.counts).toMatchObject({ calls: 1 + most, editCalls: most });
    expect(mostCalls(start, options)).toBe(4 + most);
  });
});

test('a text without masks goes on while its steps last, as a token may be masked again', async () => {
  let again = 0;
  for (let seed = 0; seed < 20; seed++) {
    const start = masks(2);
    const options = optionsOf(start, { decoder: 'remdm-cap', changes: { steps: 20, eta: 0.3, seed }, maskId: mask });
    const steps = await stepsOf(network(lively), start, options);
    again += steps.filter(({ view, decision }) => view.open.length === 0 && decision.remask.length > 0).length;
    expect(steps.every(({ view }) => view.step < 20)).toBe(true);
    expect([...steps.at(-1)!.progress.tokens].every((token) => token < mask)).toBe(true);
  }
  expect(again).toBeGreaterThan(20);
});

test('blocks of the decoder lie within those of the model, and each is filled before the next', async () => {
  const start = masks(10);
  const asked = { decoder: 'semi-autoregressive', changes: { blockSize: 3, steps: 10 }, maskId: mask, window: 5 };
  const steps = await stepsOf(network(lively), start, optionsOf(start, asked));
  const { committedAt } = steps.at(-1)!.progress;
  const blocks = [
    [0, 1, 2],
    [3, 4],
    [5, 6, 7],
    [8, 9],
  ].map((block) => block.map((i) => committedAt[i]));
  for (let i = 1; i < blocks.length; i++) expect(Math.min(...blocks[i])).toBeGreaterThan(Math.max(...blocks[i - 1]));
});

describe('a trace', () => {
  test('of any decoder is replayed to its frames, and comes back from JSON as it was', async () => {
    await fc.assert(
      fc.asyncProperty(starts, fc.constantFrom(...decoderNames), fc.nat(999), async (start, decoder, seed) => {
        const isForward = decodersFor('autoregressive').includes(decoder);
        const asked = { decoder, changes: { seed }, maskId: mask, window: isForward ? 1 : start.length };
        const options = optionsOf(start, asked);
        const steps = await stepsOf(network(lively), start, options);
        const trace = traceOf(start, options, steps);
        const frames = [];
        for await (const frame of decode(network(lively), start, options)) frames.push(frame);
        expect(framesOf(trace)).toEqual(frames);
        expect(parseTrace(JSON.stringify(trace), 'trace.json')).toEqual(trace);
        // The same seed gives the same trace.
        expect(traceOf(start, options, await stepsOf(network(lively), start, options))).toEqual(trace);
      }),
      { numRuns: 60 },
    );
  });

  test('says of each open position its five best, entropy and margin, and of the budget what it did', async () => {
    const start = Uint32Array.of(mask, 3, mask, mask);
    const options = optionsOf(start, { decoder: 'threshold', changes: { tau: 0.6 }, maskId: mask });
    const [step] = await stepsOf(network(lively), start, options);
    const { open, budget, commits, call, kind } = traceStep(step);
    expect({ call, kind, budget }).toEqual({ call: 1, kind: 'decode', budget: { count: commits.length, value: 0.6 } });
    expect([...open.positions].sort()).toEqual([0, 2, 3]);
    open.positions.forEach((position, i) => {
      const row = Array.from(step.view.beliefs.row(position));
      const sorted = row.map((_, v) => v).sort((a, b) => row[b] - row[a]);
      expect(open.best[i]).toEqual(sorted.slice(0, 5));
      expect(open.probabilities[i]).toEqual(sorted.slice(0, 5).map((v) => row[v]));
      expect(open.margin[i]).toBeCloseTo(row[sorted[0]] - row[sorted[1]], 12);
      expect(open.entropy[i]).toBeCloseTo(-row.reduce((sum, p) => sum + p * Math.log(p), 0), 12);
    });
  });

  test('is refused in one sentence where it cannot be', async () => {
    const start = Uint32Array.of(mask, 3, mask, mask);
    const options = optionsOf(start, { decoder: 'margin', changes: { steps: 3 }, maskId: mask });
    const trace = traceOf(start, options, await stepsOf(network(lively), start, options));
    const step = trace.steps[1];
    const [commit] = step.commits;
    const withStep = (changes: object) => ({
      ...trace,
      steps: [trace.steps[0], { ...step, ...changes }, trace.steps[2]],
    });
    const faults: [unknown, RegExp][] = [
      [[], /^t: expected an object, got \[\]$/],
      [{ ...trace, format: 2 }, /^t: format: expected 1, got 2$/],
      [{ ...trace, more: 1 }, /^t: expected only format, .*, got "more"$/],
      [{ ...trace, start: undefined }, /^t\.start: expected a value, got none$/],
      [{ ...trace, start: [8] }, /^t: start\[0\]: expected a whole number from 0 to 7, got 8$/],
      [
        { ...trace, settings: { ...trace.settings, tau: 2 } },
        /^t: settings: decode\.tau: expected a number from 0 to 1, got 2$/,
      ],
      [{ ...trace, settings: { ...trace.settings, tau: 0.5 } }, /^t: settings: decode\.tau: expected 0\.9, got 0\.5$/],
      [withStep({ kind: 'guess' }), /^t: steps\[1\]\.kind: expected decode, verify, edit, got "guess"$/],
      [withStep({ call: 4 }), /^t: steps\[1\]\.call: expected 1 or 2, got 4$/],
      [
        withStep({ commits: [{ ...commit, token: 7 }] }),
        /^t: steps\[1\]\.commits\[0\]\.token: expected .* from 0 to 6, got 7$/,
      ],
      [
        withStep({ commits: [{ ...commit, position: 1 }] }),
        /^t: steps\[1\]: expected commits at masked positions, each once, got 1$/,
      ],
      [
        withStep({ commits: [commit, commit], budget: { count: 2, value: 1 } }),
        /^t: steps\[1\]: expected commits at masked/,
      ],
      [withStep({ remasks: [1] }), /^t: steps\[1\]: expected undone tokens to be written ones, got 1$/],
      [withStep({ budget: { count: 3, value: 1 } }), /^t: steps\[1\]\.budget\.count: expected 1 commits, got 3$/],
      [withStep({ open: { ...step.open, margin: [] } }), /^t: steps\[1\]\.open\.margin: expected 2 entries, got 0$/],
    ];
    for (const [value, sentence] of faults) {
      expect(() => parseTrace(JSON.stringify(value), 't')).toThrow(sentence);
      expect(() => parseTrace(JSON.stringify(value), 't')).toThrow(DataError);
    }
    expect(() => parseTrace('{', 't')).toThrow(/^t: expected a trace, got /);
  });

  test('of another model is refused: by its weights where both are known, else by its name', () => {
    const start: number[] = [];
    const { settings } = optionsOf(new Uint32Array(), { decoder: 'margin', maskId: mask });
    const of = (checksum: string | null, vocabulary = V) => ({ name: 'a', vocabulary, checksum });
    const text = (model: object) => JSON.stringify({ format: traceFormat, model, settings, start, steps: [] });
    const other = { ...of('11'), name: 'b' };
    expect(parseTrace(text(of('11')), 't', other).model.name).toBe('a');
    expect(parseTrace(text(of(null)), 't', of('11')).model.name).toBe('a');
    for (const wrong of [of('12'), of('11', 8), { ...other, checksum: null }])
      expect(() => parseTrace(text(of('11')), 't', wrong)).toThrow(
        /^t: model: expected a trace of ".*, got one of "a" with 7/,
      );
  });
});
