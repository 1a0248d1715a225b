/** `sdlm study`: runs what is missing and nothing twice, goes on after Ctrl+C, and refuses before it starts. */
import { cpSync, existsSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseStudyRecord } from '../../src/config/parseRecords.ts';
import { cpu, expectRefusal, place } from './run.ts';

const { sdlm, path } = place();

/** Settings of all arms that make a study take seconds. */
const small = Object.entries({
  'data.corpus': 'sonnets',
  'data.sequenceLength': 12,
  'model.layers': 1,
  'model.width': 8,
  'model.heads': 1,
  'model.experts': 4,
  'model.expertWidth': 6,
  'training.batchSize': 2,
  'training.evaluateEvery': 50,
}).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
const study = (out: string, steps: number, ...more: string[]) => [
  'study',
  'dense-vs-moe',
  ...small,
  '--set',
  `training.steps=${steps}`,
  '--out',
  path(out),
  ...cpu,
  ...more,
];

describe('study', () => {
  it('trains every arm with every seed, and says which claims held', async () => {
    const { code, out, err } = await sdlm(study('whole', 20, '--seeds', '2', '--jobs', '2', '--json'));
    expect(code, err).toBe(0);
    expect(err).toContain('(8 of 8)');
    const record = parseStudyRecord(JSON.parse(out), 'stdout');
    expect(record).toMatchObject({ study: 'dense-vs-moe', size: 'software', seeds: 2 });
    expect(record.commit).toMatch(/^([0-9a-f]{12}|unknown)$/);
    expect(record.command).toContain('study dense-vs-moe --set data.corpus=sonnets');
    expect(record.runs).toHaveLength(8);
    for (const run of record.runs) {
      expect(run).toMatchObject({ status: 'finished', steps: 20, backend: 'cpu' });
      expect(existsSync(path('whole', run.name, 'model.safetensors'))).toBe(true);
    }
    expect(JSON.parse(readFileSync(path('whole', 'results.json'), 'utf8'))).toEqual(record);
    const [head, ...lines] = readFileSync(path('whole', 'results.csv'), 'utf8').trimEnd().split('\n');
    const points = record.runs.reduce((sum, run) => sum + run.training.step.length + run.validation.step.length, 0);
    expect(lines).toHaveLength(points);
    for (const line of lines) expect(line.split(',')).toHaveLength(head.split(',').length);
  });

  it('leaves finished runs alone and adds the seeds that are missing', async () => {
    const file = path('whole', 'token-choice-seed-2', 'model.safetensors');
    const before = statSync(file).mtimeMs;
    const { code, out, err } = await sdlm(study('whole', 20, '--seeds', '3', '--json'));
    expect(code, err).toBe(0);
    expect(err).toContain('8 of 12 runs are there already');
    expect(statSync(file).mtimeMs).toBe(before);
    expect(parseStudyRecord(JSON.parse(out), 'stdout').runs).toHaveLength(12);
  });

  it('goes on after Ctrl+C, exactly', async () => {
    let interrupted = false;
    const isBegun = () => existsSync(path('parts', 'flop-dense-seed-1', 'config.json'));
    const stopped = sdlm(study('parts', 1500, '--seeds', '1'), {
      isLaunched: true,
      onError: (err, interrupt) => {
        if (interrupted || !isBegun() || !err.includes('step')) return;
        interrupted = true;
        interrupt();
      },
    });
    const { code, err } = await stopped;
    expect(code, err).toBe(0);
    expect(err).toContain('the same command goes on');
    expect(existsSync(path('parts', 'results.json'))).toBe(false);
    const [again, straight] = await Promise.all([
      sdlm(study('parts', 1500, '--seeds', '1', '--json')),
      sdlm(study('straight', 1500, '--seeds', '1', '--json')),
    ]);
    expect(again.code, again.err).toBe(0);
    const losses = (out: string) =>
      parseStudyRecord(JSON.parse(out), 'stdout').runs.map(({ validation }) => validation.bpc);
    expect(losses(again.out)).toEqual(losses(straight.out));
  });

  it('lists what there is', async () => {
    const { code, out } = await sdlm(['study', '--list', '--json']);
    expect(code).toBe(0);
    const listed = JSON.parse(out) as { id: string; arms: unknown[] }[];
    expect(listed.find(({ id }) => id === 'dense-vs-moe')?.arms).toHaveLength(4);
  });
});

describe('study refuses', () => {
  it('what it does not know', async () => {
    expectRefusal(await sdlm(['study']), 'study');
    expectRefusal(await sdlm(['study', 'alchemy']), 'study');
    expectRefusal(await sdlm(['study', 'dense-vs-moe', '--size', 'huge']), 'size');
    expectRefusal(await sdlm(['study', 'dense-vs-moe', '--seeds', '0']), '--seeds');
    expectRefusal(await sdlm(['study', 'dense-vs-moe', '--list']), '--list');
    expectRefusal(await sdlm(['study', 'dense-vs-moe', '--set', 'data.corpus=custom', ...cpu]), 'data.corpus');
  });

  it('a study larger than memory, before anything runs, naming the arm and the bytes', async () => {
    const huge = { 'model.width': 512, 'model.layers': 16, 'data.sequenceLength': 1024, 'training.batchSize': 256 };
    const settings = Object.entries(huge).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    const ended = await sdlm(['study', 'dense-vs-moe', ...settings, ...cpu, '--out', path('huge')]);
    expectRefusal(ended, /^sdlm: study dense-vs-moe: expected .* bytes of memory, got flop-dense with [\d,]+; make/);
    expect(existsSync(path('huge'))).toBe(false);
  });

  it('nothing for settings that hold only together', async () => {
    const huge = { 'model.width': 1024, 'model.heads': 8, 'training.batchSize': 256, 'data.sequenceLength': 1024 };
    const settings = Object.entries(huge).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    const ended = await sdlm(['study', 'capacity-schedules', ...settings, '--set', 'model.layers=16', ...cpu]);
    expectRefusal(ended, /^sdlm: study capacity-schedules: expected .* bytes of memory, got constant with/);
  });

  it('settings that it overrules: seeds, and what every arm sets itself', async () => {
    expectRefusal(await sdlm(['study', 'dense-vs-moe', '--set', 'training.seed=7', ...cpu]), 'training.seed');
    // Two arms set it; the other two are matched dense models.
    const kind = ['--set', 'model.feedForward=dense'];
    expectRefusal(await sdlm(['study', 'dense-vs-moe', ...kind, ...cpu, '--out', path('kind')]), 'model.feedForward');
    const schedule = ['--set', 'model.capacitySchedule=linear'];
    expectRefusal(await sdlm(['study', 'capacity-schedules', ...schedule, ...cpu]), 'model.capacitySchedule');
  });

  it('a directory that holds a run, or runs or results of another study, and leaves those alone', async () => {
    const results = readFileSync(path('whole', 'results.json'));
    const other = (out: string) => sdlm(['study', 'capacity-schedules', ...small, ...cpu, '--out', path(out)]);
    expectRefusal(
      await other('whole'),
      /: expected an empty directory, .* got one of study dense-vs-moe, size software/,
    );
    expect(readFileSync(path('whole', 'results.json')).equals(results)).toBe(true);
    expect(existsSync(path('whole', 'linear-seed-1'))).toBe(false);
    cpSync(path('whole', 'flop-dense-seed-1'), path('unfinished', 'flop-dense-seed-1'), { recursive: true });
    expectRefusal(await other('unfinished'), /got one that holds the run flop-dense-seed-1/);
    expectRefusal(await other('whole/flop-dense-seed-1'), /got one that holds a run/);
  });

  it('a directory of other settings, and a place where none can be made', async () => {
    expectRefusal(await sdlm(study('/../../../../../../../../../../proc/none', 5)), /directory that can be made, got/);
    expectRefusal(await sdlm(study('whole', 30)), `--out ${path('whole')}`);
    expectRefusal(await sdlm(study('whole/results.csv', 5)), `--out ${path('whole/results.csv')}`);
  });
});
