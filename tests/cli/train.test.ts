/** `sdlm train`: what it prints and writes, that it goes on exactly, and what Ctrl+C leaves behind. */
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseRunRecord } from '../../src/config/parseRecords.ts';
import { cpu, expectRefusal, expectSameRun, jsonLines, metricsOf, place, saved, tiny, trainer } from './run.ts';

const here = place();
const { sdlm, path } = here;

const { train, resume } = trainer(here);

const recordOf = (directory: string) =>
  parseRunRecord(JSON.parse(readFileSync(join(directory, 'record.json'), 'utf8')), directory);

it('refuses a model larger than memory with one sentence, before it starts', async () => {
  const huge = { 'model.width': 1024, 'model.heads': 8, 'model.experts': 64, 'model.expertWidth': 8192 };
  const settings = Object.entries(huge).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const train = ['train', '--preset', 'expert-choice', ...settings, '--set', 'model.layers=16', '--steps', '1'];
  expectRefusal(
    await sdlm([...train, ...cpu, '--out', path('huge')]),
    /^sdlm: train: expected .* bytes of memory, got/,
  );
  expect(existsSync(path('huge'))).toBe(false);
});

describe('train', () => {
  it.each(['dense', 'token-choice'])('prints JSON lines and writes a run directory: %s', async (preset) => {
    const { code, out, err } = await train(preset, preset, 6);
    expect(code).toBe(0);
    const lines = jsonLines(out);
    expect(lines.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const { step, tokens, loss, tokensPerSecond, maxVio, ...rest } of lines) {
      expect(tokens).toBe((step as number) * 2 * 12);
      expect(loss).toBeGreaterThan(0);
      expect(tokensPerSecond).toBeGreaterThan(0);
      expect(maxVio).toHaveLength(preset === 'dense' ? 0 : 1);
      const isValidated = step === 5 || step === 6;
      expect(rest).toEqual({
        bpc: expect.closeTo((loss as number) / Math.LN2, 4),
        gradNorm: expect.any(Number),
        ...(isValidated && { validationBpc: expect.any(Number), validationStderr: expect.any(Number) }),
      });
    }
    expect(err).toContain('training on');
    expect(err).toContain('finished at step 6');
    // Nearly the same time for every step, so no rate far from the others.
    const rates = lines.map(({ tokensPerSecond }) => tokensPerSecond as number);
    expect(Math.max(...rates)).toBeLessThan(20 * Math.min(...rates));
    expect(readdirSync(path(preset)).sort()).toEqual([...saved, 'metrics.jsonl', 'record.json'].sort());
    expect(metricsOf(path(preset))).toEqual(lines);
    const { name, status, steps, training, validation, costs, measures } = recordOf(path(preset));
    expect({ name, status, steps }).toEqual({ name: preset, status: 'finished', steps: 6 });
    expect(training.step).toEqual([1, 2, 3, 4, 5, 6]);
    const rounded = (values: readonly number[]) => values.map((value) => Number(value.toPrecision(6)));
    expect(rounded(training.bpc)).toEqual(lines.map(({ bpc }) => bpc));
    expect(validation.step).toEqual([5, 6]);
    expect(rounded(validation.bpc)).toEqual(lines.slice(4).map(({ validationBpc }) => validationBpc));
    expect(rounded(validation.standardError)).toEqual(lines.slice(4).map(({ validationStderr }) => validationStderr));
    expect(costs.total).toBeGreaterThanOrEqual(costs.active);
    expect(measures.tokensPerSecond).toBeGreaterThan(0);
    const config = JSON.parse(readFileSync(path(preset, 'config.json'), 'utf8'));
    expect(config.model.width).toBe(8);
    expect(config.training.steps).toBe(6);
  });

  it('prints the share of dropped routes where experts have a capacity', async () => {
    const capacity = ['--set', 'model.capacity=factor', '--set', 'model.capacityFactor=0.5'];
    const { code, out } = await train('token-choice', 'drops', 2, [...cpu, ...capacity]);
    expect(code).toBe(0);
    for (const { dropRate } of jsonLines(out) as { dropRate: number[] }[]) {
      expect(dropRate).toHaveLength(1);
      expect(dropRate[0]).toBeGreaterThanOrEqual(0.5);
      expect(dropRate[0]).toBeLessThan(1);
    }
  });

  it('trains on the adapter', async () => {
    const { code, out, err } = await train('dense', 'gpu', 2, [
      '--backend',
      'gpu',
      '--set',
      'training.seed=7',
      '--set',
      'model.qkNorm=false',
    ]);
    expect(code, err).toBe(0);
    const onGpu = jsonLines(out);
    const onCpu = jsonLines(
      (await train('dense', 'twin', 2, [...cpu, '--seed', '7', '--set', 'model.qkNorm=false'])).out,
    );
    onGpu.forEach(({ loss, validationBpc }, step) => {
      expect(loss).toBeCloseTo(onCpu[step].loss as number, 4);
      if (validationBpc !== undefined) expect(validationBpc).toBeCloseTo(onCpu[step].validationBpc as number, 4);
    });
    expect(onGpu[1].validationBpc).toBeGreaterThan(0);
    // Nearly all of it is a software adapter compiling kernels.
  }, 150_000);

  it('leaves a run that is there alone', async () => {
    await train('dense', 'there', 1);
    const before = readFileSync(path('there', 'model.safetensors'));
    const again = await train('dense', 'there', 2);
    expect({ code: again.code, out: again.out }).toEqual({ code: 2, out: '' });
    expect(again.err).toContain('--resume');
    expect(readFileSync(path('there', 'model.safetensors')).equals(before)).toBe(true);
  });
});

describe('train --resume', () => {
  it('goes on exactly', async () => {
    await train('expert-choice', 'whole', 10);
    await train('expert-choice', 'parts', 5);
    // What a crash in the middle of a line leaves.
    appendFileSync(path('parts', 'metrics.jsonl'), '{"step":6,"tokens":144}\n{"step":7,"tok');
    const { code, out } = await resume('parts', 10);
    expect(code).toBe(0);
    expect(jsonLines(out).map(({ step }) => step)).toEqual([6, 7, 8, 9, 10]);
    expectSameRun(path('whole'), path('parts'));
    const [whole, parts] = [recordOf(path('whole')), recordOf(path('parts'))];
    expect(parts.training.bpc).toEqual(whole.training.bpc);
    expect(parts.validation.bpc).toEqual(whole.validation.bpc);
    expect(parts.training.seconds.every((value, i, all) => i === 0 || value >= all[i - 1])).toBe(true);
  });

  it('refuses fewer steps than were done, and a state of another model', async () => {
    expectRefusal(await resume('parts', 10), '--steps');
    cpSync(path('parts'), path('foreign'), { recursive: true });
    cpSync(path('dense', 'training.safetensors'), path('foreign', 'training.safetensors'));
    expectRefusal(await resume('foreign', 12), path('foreign', 'training.safetensors'));
    expectRefusal(await resume('nowhere', 12), path('nowhere', 'config.json'));
    const data = ['--data', path('parts', 'config.json')];
    expectRefusal(await sdlm(['train', '--resume', path('parts'), '--steps', '12', ...cpu, ...data]), '--data');
  });
});

describe('Ctrl+C', () => {
  // Validation after every step stops a run between a step and its validation as well.
  it.each([
    [1, 120],
    [7, 1000],
  ])('saves the run, which then goes on exactly (validation every %i of %i steps)', async (evaluateEvery, steps) => {
    const more = [...cpu, '--set', `training.evaluateEvery=${evaluateEvery}`, '--set', 'training.schedule=cosine'];
    const name = `stopped-${evaluateEvery}`;
    let isInterrupted = false;
    const { code, out, err } = await sdlm(
      ['train', '--preset', 'dense', ...tiny, '--steps', String(steps), '--out', path(name), ...more],
      {
        isLaunched: true,
        onOutput: (text, interrupt) => {
          if (isInterrupted || !text.includes('"step":3,')) return;
          isInterrupted = true;
          interrupt();
        },
      },
    );
    expect(code, err).toBe(0);
    expect(err).toMatch(/stopped at step \d+, saved in/);
    const done = jsonLines(out);
    expect(done.length).toBeLessThan(steps);
    expect(metricsOf(path(name))).toEqual(done);
    expect(done.filter(({ validationBpc }) => validationBpc !== undefined)).toHaveLength(
      Math.floor(done.length / evaluateEvery),
    );
    // The first steps of the same schedule, run on from where it stopped and in one go.
    const goOn = await sdlm(['train', '--resume', path(name), ...cpu]);
    expect(goOn.code, goOn.err).toBe(0);
    await train('dense', `straight-${evaluateEvery}`, steps, more);
    expectSameRun(path(name), path(`straight-${evaluateEvery}`));
  });
});
