/** Runs that diverge: nothing that is not finite is kept or read, the last good state stays, and a study goes on. */
import { cpSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseRunRecord, parseStudyRecord } from '../../src/config/parseRecords.ts';
import { decodeTensors, encodeTensors, type NamedTensor } from '../../src/model/safetensors.ts';
import { cpu, expectRefusal, jsonLines, place, tiny } from './run.ts';

const { sdlm, path } = place();

/** Not a number within 200 steps. */
const wild = Object.entries({
  'training.learningRate': 1,
  'training.weightDecay': 10,
  'training.warmupSteps': 100,
}).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
const train = (out: string, steps: number, ...more: string[]) =>
  sdlm([
    ...['train', '--preset', 'dense', ...tiny, ...wild, '--steps', String(steps), '--out', path(out), ...cpu],
    ...more,
  ]);

/** Tensors of a file of which some number is not finite. */
function spoiltTensors(file: string): string[] {
  const { tensors } = decodeTensors(readFileSync(file), file);
  return [...tensors.values()].filter(({ data }) => !data.every(Number.isFinite)).map(({ name }) => name);
}

function expectFiniteRun(run: string): void {
  for (const file of ['model.safetensors', 'training.safetensors']) expect(spoiltTensors(path(run, file))).toEqual([]);
}

const recordOf = (run: string) => {
  const file = path(run, 'record.json');
  return parseRunRecord(JSON.parse(readFileSync(file, 'utf8')), file);
};

describe('a run that diverges', () => {
  it('ends with exit code 1 and one sentence, and its last good state stays', async () => {
    const { code, out, err } = await train('run', 200);
    expect(code).toBe(1);
    const lines = jsonLines(out);
    expect(lines.length).toBeLessThan(200);
    for (const { loss, gradNorm } of lines) expect([loss, gradNorm].every(Number.isFinite)).toBe(true);
    const last = err.trimEnd().split('\n').at(-1)!;
    expect(last).toMatch(
      /^sdlm: training: expected a finite .+, got .+ at step \d+; lower the learning rate, .+; the state of step \d+ stays in .+ --from /,
    );
    expect(recordOf('run')).toMatchObject({ status: 'diverged', steps: lines.length });
    expectFiniteRun('run');
    expect(existsSync(path('run', 'lock'))).toBe(false);
  });

  it('can be evaluated, sampled and looked into', async () => {
    writeFileSync(path('tokens.json'), '[1, 2, 3]');
    for (const command of [
      ['eval', '--json'],
      ['sample', '--json'],
      ['forward', '--json', '--tokens', path('tokens.json'), '--out', path('logits.safetensors')],
    ]) {
      const { code, out, err } = await sdlm([...command, '--run', path('run'), ...cpu]);
      expect(code, err).toBe(0);
      expect(JSON.parse(out)).toBeTypeOf('object');
    }
    expect(spoiltTensors(path('logits.safetensors'))).toEqual([]);
  });

  it('says so when it is resumed, and goes on with other settings through --from', async () => {
    await train('later', 45);
    const before = statSync(path('later', 'model.safetensors')).size;
    expect(recordOf('later')).toMatchObject({ status: 'finished', steps: 45 });
    const on = (...more: string[]) => sdlm(['train', ...more, '--steps', '200', ...cpu]);
    const first = await on('--resume', path('later'));
    expect(first.code).toBe(1);
    const again = await on('--resume', path('later'));
    expect(again.code).toBe(1);
    expect(again.err).toContain('this run diverged after step');
    expectFiniteRun('later');
    expect(statSync(path('later', 'model.safetensors')).size).toBe(before);
    const anew = await on(
      ...['--from', path('later'), '--set', 'training.learningRate=0.001', '--set', 'training.weightDecay=0.1'],
    );
    expect(anew.code, anew.err).toBe(0);
    expect(jsonLines(anew.out)).toHaveLength(200);
  });
});

describe('weights that are not finite', () => {
  const spoil = (run: string, file: string, name: string | null, value: number) => {
    cpSync(path('run'), path(run), { recursive: true });
    const { tensors, metadata } = decodeTensors(readFileSync(path('run', file)), file);
    const { checksum: _, ...rest } = metadata;
    const all: NamedTensor[] = [...tensors.values()];
    const tensor = all.find((one) => one.name === name) ?? all.at(-1)!;
    tensor.data[1] = value;
    writeFileSync(path(run, file), encodeTensors(all, rest));
    return tensor.name;
  };

  it.each([Number.NaN, Number.NEGATIVE_INFINITY])(
    'are refused by every command, naming the tensor: %s',
    async (value) => {
      const run = `spoilt-${value}`;
      const name = spoil(run, 'model.safetensors', null, value);
      const sentence = new RegExp(`model.safetensors: expected finite weights in tensor ${name}, got ${value}`);
      expectRefusal(await sdlm(['eval', '--run', path(run), ...cpu]), sentence);
      expectRefusal(await sdlm(['sample', '--run', path(run), ...cpu]), sentence);
      const forward = ['forward', '--tokens', path('tokens.json'), '--out', path('no.safetensors')];
      expectRefusal(await sdlm([...forward, '--run', path(run), ...cpu]), sentence);
      expectRefusal(await sdlm(['train', '--from', path(run), ...cpu]), sentence);
    },
  );

  it.each(['parameter', 'moment2', 'average'])('are refused by --resume: %s', async (kind) => {
    const run = `spoilt-${kind}`;
    spoil(run, 'training.safetensors', kind, Number.NaN);
    const ended = await sdlm(['train', '--resume', path(run), ...cpu]);
    expectRefusal(ended, new RegExp(`training.safetensors: expected finite weights in tensor model.+ \\(${kind}\\)`));
  });
});

describe('a study with an arm that diverges', () => {
  const settings = Object.entries({
    'data.corpus': 'sonnets',
    'data.sequenceLength': 12,
    'model.layers': 1,
    'model.width': 8,
    'model.heads': 1,
    'model.experts': 4,
    'model.expertWidth': 6,
    'training.batchSize': 2,
    'training.evaluateEvery': 50,
    'training.schedule': 'constant',
    'training.warmupSteps': 100,
    'training.learningRate': 0.5,
    'training.weightDecay': 6,
    'training.steps': 85,
  }).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const study = () =>
    sdlm(['study', 'dense-vs-moe', ...settings, '--seeds', '1', '--out', path('study'), ...cpu, '--json']);

  it('marks it, goes on with the others, and says so at the end', async () => {
    const { code, out, err } = await study();
    expect(code, err).toBe(1);
    expect(err.trimEnd().split('\n').at(-1)).toMatch(
      /^sdlm: study dense-vs-moe: expected 4 runs of finite numbers, got 1 that diverged \(expert-choice-seed-1\); tables and verdicts are of the other 3/,
    );
    const record = parseStudyRecord(JSON.parse(out), 'stdout');
    const statuses = Object.fromEntries(record.runs.map(({ study: of, status }) => [of!.arm, status]));
    expect(statuses).toEqual({
      'flop-dense': 'finished',
      'expert-choice': 'diverged',
      'token-choice': 'finished',
      'parameter-dense': 'finished',
    });
    expect(record.tables[0].rows.map(([label]) => label)).toHaveLength(3);
    expect(record.verdicts.every(({ outcome }) => outcome === 'undecided')).toBe(true);
    expectFiniteRun('study/expert-choice-seed-1');
  });

  it('does not train it again', async () => {
    const file = path('study', 'expert-choice-seed-1', 'training.safetensors');
    const before = statSync(file).mtimeMs;
    const { code, err } = await study();
    expect(code).toBe(1);
    expect(err).toContain('4 of 4 runs are there already');
    expect(statSync(file).mtimeMs).toBe(before);
  });
});
