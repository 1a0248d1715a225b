/** `--data FILE`: each way a file can be wrong is one sentence that names the file. */
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { cpu, expectRefusal, jsonLines, place, tiny } from './run.ts';

const { sdlm, path } = place();

// The last `--set` of a path holds, and `--data` itself means the person's own text.
const settings = tiny.filter((_, i) => !tiny[i - (i % 2) + 1].startsWith('data.corpus='));
const train = (file: string, more: string[] = []) =>
  sdlm(['train', '--preset', 'dense', ...settings, ...cpu, '--steps', '2', '--data', file, ...more]);

describe('train --data', () => {
  beforeAll(() => {
    mkdirSync(path('folder'));
    writeFileSync(path('empty.txt'), '');
    writeFileSync(path('white.txt'), ' \n\n ');
    writeFileSync(path('latin1.txt'), Buffer.from('caf\xe9 au lait, '.repeat(40), 'latin1'));
    writeFileSync(path('utf16.txt'), Buffer.from(`\ufeff${'text '.repeat(40)}`, 'utf16le'));
    writeFileSync(path('binary.txt'), Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7) % 256)));
    writeFileSync(path('short.txt'), 'too short');
    writeFileSync(path('huge.txt'), '');
    truncateSync(path('huge.txt'), 200e6);
  });

  it.each([
    ['missing.txt', 'nothing there'],
    ['folder', 'a directory'],
    ['empty.txt', 'nothing \\(0 bytes\\)'],
    ['white.txt', 'white space'],
    ['latin1.txt', 'invalid byte 0xe9 at offset 3'],
    ['utf16.txt', 'UTF-16'],
    ['binary.txt', 'a binary file'],
    ['short.txt', 'got \\d+'],
    ['huge.txt', '200 MB'],
  ])('refuses %s', async (name, reason) => {
    const ended = await train(path(name));
    expectRefusal(ended, path(name));
    expect(ended.err).toMatch(new RegExp(reason));
  });

  it('starts no run directory for a text it refuses', async () => {
    expectRefusal(await train(path('short.txt'), ['--out', path('run')]), path('short.txt'));
    expectRefusal(await sdlm(['eval', '--run', path('run')]), path('run', 'config.json'));
  });

  it('trains on a text of one language or another, and evaluates on it', async () => {
    writeFileSync(path('own.txt'), 'Zwölf Boxkämpfer jagen Виктор über den 😀 Sylter Deich.\r\n'.repeat(20));
    const { code, out } = await train(path('own.txt'), ['--out', path('own')]);
    expect(code).toBe(0);
    expect(jsonLines(out)).toHaveLength(2);
    const evaluate = ['eval', '--run', path('own'), ...cpu, '--json'];
    const ended = await sdlm([...evaluate, '--data', path('own.txt')]);
    expect(Object.keys(JSON.parse(ended.out))).toEqual(['bpc', 'stderr', 'tokens']);
    // All of a file is evaluated on: a window is enough.
    const T = JSON.parse(readFileSync(path('own', 'config.json'), 'utf8')).data.sequenceLength;
    writeFileSync(path('window.txt'), 'e'.repeat(T));
    const single = JSON.parse((await sdlm([...evaluate, '--data', path('window.txt')])).out);
    expect(single).toMatchObject({ tokens: T, stderr: null });
    const inWords = ['eval', '--run', path('own'), ...cpu, '--data', path('window.txt')];
    expect((await sdlm(inWords)).out).toMatch(/^\d+\.\d{4} bits per character/);
    writeFileSync(path('less.txt'), 'e'.repeat(T - 1));
    const refused = await sdlm([...evaluate, '--data', path('less.txt')]);
    expectRefusal(refused, path('less.txt'));
    expect(refused.err).toContain(`at least ${T} tokens to evaluate on, a window, got ${T - 1}`);
    // The run's text is not kept, so its held-out part has to be given again.
    expectRefusal(await sdlm(evaluate), /--data/);
    expectRefusal(await sdlm(['train', '--resume', path('own'), '--steps', '3', ...cpu]), /--data/);
    // As long, of the same letters.
    writeFileSync(
      path('alike.txt'),
      'Zwölf Boxkämpfer jagen Виктор über den 😀 Sylter Deich.\r\n'.repeat(20).replace('den', 'ned'),
    );
    const resume = (name: string) =>
      sdlm(['train', '--resume', path('own'), '--steps', '3', '--data', path(name), ...cpu]);
    expectRefusal(await resume('alike.txt'), path('alike.txt'));
    expect((await resume('own.txt')).code).toBe(0);
    writeFileSync(path('other.txt'), 'Quite other letters @@@ than those of the run. '.repeat(20));
    expectRefusal(await sdlm([...evaluate, '--data', path('other.txt')]), /other\.txt|text: /);
  });
});
