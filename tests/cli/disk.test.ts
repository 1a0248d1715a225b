/** A full disk: the last good checkpoint stays, one sentence says so, and with room again the run goes on exactly. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { cpu, expectSameRun, metricsOf, place, trainer } from './run.ts';

const here = place();
const { sdlm, path } = here;
const { train, resume } = trainer(here);

describe('a full disk', () => {
  // Linux' own full device: a write beside the file, as checkpoints are written, runs out of space.
  it.each(['model.safetensors', 'training.safetensors', 'config.json', 'metrics.jsonl'])(
    'keeps the last good checkpoint when %s cannot be written',
    async (file) => {
      if (!existsSync(path('good'))) await train('dense', 'good', 5);
      const name = `full-${file}`;
      cpSync(path('good'), path(name), { recursive: true });
      symlinkSync('/dev/full', path(name, `${file}.part`));
      const { code, err } = await resume(name, 10);
      expect(code).toBe(2);
      expect(err.trimEnd().split('\n').at(-1)).toBe(
        `sdlm: ${path(name, file)}: expected to write ${/write (\d+) bytes/.exec(err)?.[1]} bytes, got no space left on the disk`,
      );
      expect((await sdlm(['sample', '--run', path(name), ...cpu])).code).toBe(0);
      // With room again, the run goes on from there.
      expect((await resume(name, 10)).code).toBe(0);
      if (!existsSync(path('straight'))) await train('dense', 'straight', 10);
      expectSameRun(path(name), path('straight'));
    },
  );

  it('keeps the last good checkpoint on a real file system without room', async () => {
    mkdirSync(path('disk'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', path('disk')]);
    // Only root may mount; everyone else has the cases above, which fail in the same call.
    expect(mounted.status === 0 || process.getuid?.() !== 0, String(mounted.stderr)).toBe(true);
    try {
      const first = await train('dense', 'disk/run', 1);
      expect(first.code, first.err).toBe(0);
      const model = readFileSync(path('disk', 'run', 'model.safetensors'));
      const filler = spawnSync('dd', ['if=/dev/zero', `of=${path('disk', 'filler')}`, 'bs=1k', 'count=256']);
      const { code, err } = await resume('disk/run', 4);
      if (mounted.status === 0) {
        expect(filler.status).not.toBe(0);
        expect({ code, end: err.includes('no space left on the disk') }, err).toEqual({ code: 2, end: true });
        expect(readFileSync(path('disk', 'run', 'model.safetensors')).equals(model)).toBe(true);
        rmSync(path('disk', 'filler'));
        expect((await resume('disk/run', 4)).code).toBe(0);
      }
    } finally {
      if (mounted.status === 0) spawnSync('umount', [path('disk')]);
    }
  });

  it('at the first checkpoint leaves a directory in which the run can start anew', async () => {
    mkdirSync(path('anew'));
    symlinkSync('/dev/full', path('anew', 'model.safetensors.part'));
    expect((await train('dense', 'anew', 3)).code).toBe(2);
    const again = await train('dense', 'anew', 3);
    expect(again.code, again.err).toBe(0);
    expect(metricsOf(path('anew')).map(({ step }) => step)).toEqual([1, 2, 3]);
  });
});
