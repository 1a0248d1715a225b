/**
 * A checkpoint is whole or absent: every change that a run makes to its directory fails in turn, on a full disk and in a
 * power cut. What is left goes on bit-equal to an uninterrupted run, or counts as empty.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hasCheckpoint, readCheckpoint, readRecord } from '../../src/cli/runDirectory.ts';
import { trainCommand } from '../../src/cli/trainCommand.ts';
import { parseRunRecord } from '../../src/config/parseRecords.ts';
import { type Fault, withFault } from './faults.ts';
import { cpu, expectSameRun, tiny } from './run.ts';

let place = '';
const path = (name: string) => join(place, name);
const data = () => ['--data', path('text.txt'), ...cpu];
const settings = [...tiny, '--set', 'data.corpus=custom', '--set', 'training.evaluateEvery=2'];
const train = (out: string, steps: number) =>
  trainCommand(['--preset', 'dense', ...settings, ...data(), '--steps', String(steps), '--out', path(out)]);
const resume = (out: string, steps: number) =>
  trainCommand(['--resume', path(out), ...data(), '--steps', String(steps)]);

/** Time passes as changes do, so that checkpoints come at the same steps however busy the machine is. */
let clock = 0;

/** Steps of the run that begins, of the one that goes on, and of what comes after a fault: two checkpoints each. */
const ends = { first: 8, second: 16, last: 20 };

/** Weights after so many steps of an uninterrupted run. */
const weights = new Map<number, Float32Array>();

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'sdlm-checkpoints-'));
  vi.spyOn(performance, 'now').mockImplementation(() => {
    clock += 0.001;
    return clock;
  });
  for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, 'write').mockReturnValue(true);
  writeFileSync(path('text.txt'), 'Shall I compare thee to a summer day? Thou art more lovely. '.repeat(60));
  for (let steps = 1; steps <= ends.last; steps++) {
    await train(`straight-${steps}`, steps);
    weights.set(steps, readCheckpoint(path(`straight-${steps}`)).weights);
  }
});
afterAll(() => {
  vi.restoreAllMocks();
  rmSync(place, { recursive: true, force: true });
});

/** Gives the lock to a process that is gone, as this one would be after a power cut. */
function die(name: string): void {
  if (!existsSync(path(join(name, 'lock')))) return;
  const owner = { pid: 2 ** 22 + 1, host: hostname(), since: new Date(0).toISOString(), began: '1' };
  writeFileSync(path(join(name, 'lock')), JSON.stringify(owner));
}

/** Fails unless a directory is sound, and goes on to what an uninterrupted run comes to. */
async function expectToGoOn(name: string): Promise<void> {
  if (hasCheckpoint(path(name))) {
    const record = readRecord(path(name))!;
    expect(weights.get(record.steps)).toEqual(readCheckpoint(path(name)).weights);
    await resume(name, ends.last);
  } else await train(name, ends.last);
  expectSameRun(path('straight-20'), path(name));
  const [own, straight] = [name, 'straight-20'].map((run) => {
    const file = path(join(run, 'record.json'));
    return parseRunRecord(JSON.parse(readFileSync(file, 'utf8')), file);
  });
  const { status, steps, training, validation } = own;
  expect({ status, steps }).toEqual({ status: 'finished', steps: ends.last });
  expect(training.bpc).toEqual(straight.training.bpc);
  expect(validation.bpc).toEqual(straight.validation.bpc);
  expect(existsSync(path(join(name, 'lock')))).toBe(false);
}

describe.each<Fault>(['full', 'cut'])('the nth change fails: %s', (fault) => {
  it.each(['a run that begins', 'a run that goes on'])(
    'in %s',
    async (what) => {
      const isNew = what === 'a run that begins';
      const attempt = async (name: string, at: number | null) => {
        if (!isNew) cpSync(path('straight-8'), path(name), { recursive: true });
        const work = () => (isNew ? train(name, ends.first) : resume(name, ends.second));
        const changes = await withFault({ directory: path(name), at, fault }, work);
        if (fault === 'cut') die(name);
        return changes;
      };
      const all = await attempt(`${fault}-all`, null);
      // A lock, a configuration, a tokenizer, metrics, three files of a checkpoint, a record.
      expect(all.length).toBeGreaterThan(40);
      for (let at = 1; at <= all.length; at++) {
        const name = `${fault}-${at}`;
        expect(await attempt(name, at)).toEqual(all.slice(0, at));
        await expectToGoOn(name).catch((error: unknown) => {
          throw new Error(`change ${at} of ${all.length}, ${all[at - 1]}: ${(error as Error).message}`, {
            cause: error,
          });
        });
        rmSync(path(name), { recursive: true, force: true });
      }
      rmSync(path(`${fault}-all`), { recursive: true, force: true });
    },
    300_000,
  );
});

describe('what was lost or spoilt', () => {
  const copy = (name: string) => cpSync(path('straight-8'), path(name), { recursive: true });

  it('a record is made anew from the metrics', async () => {
    copy('no-record');
    writeFileSync(path('no-record/record.json'), '{"format": 1, "id"');
    await expectToGoOnWithout('no-record');
    rmSync(path('no-record/record.json'));
    await resume('no-record', ends.last);
    expect(readRecord(path('no-record'))).toMatchObject({ status: 'finished', steps: ends.last });
  });

  it('weights are those of the state of training', async () => {
    copy('no-model');
    rmSync(path('no-model/model.safetensors'));
    await expectToGoOn('no-model');
    copy('old-model');
    cpSync(path('straight-16/training.safetensors'), path('old-model/training.safetensors'));
    expect(readCheckpoint(path('old-model')).weights).toEqual(weights.get(16));
  });

  async function expectToGoOnWithout(name: string): Promise<void> {
    await resume(name, ends.last);
    expectSameRun(path('straight-20'), path(name));
    const [own, straight] = [name, 'straight-20'].map((run) => readRecord(path(run))!);
    for (const [i, bpc] of own.training.bpc.entries()) expect(bpc).toBeCloseTo(straight.training.bpc[i], 4);
    expect(own.validation.step).toEqual(straight.validation.step);
  }
});
