/** `sdlm routes`: an atlas of a trained run as a file and as tables, and what it refuses. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseAtlas } from '../../src/config/parseAtlas.ts';
import { cpu, expectRefusal, place, trainer } from './run.ts';

const here = place();
const { sdlm, path } = here;
const { train } = trainer(here);

beforeAll(async () => {
  const { code, err } = await train('token-choice', 'run', 10);
  expect(code, err).toBe(0);
});

const routes = (run: string, ...more: string[]) =>
  sdlm(['routes', '--run', path(run), ...cpu, ...more.map((arg) => (arg.startsWith('@') ? path(arg.slice(1)) : arg))]);

describe('routes', () => {
  it('writes an atlas of the run, the same each time, and its tables', async () => {
    const args = ['--windows', '20', '--seed', '5', '--json'];
    const { code, out, err } = await routes('run', ...args, '--out', '@a.json', '--csv', '@tables');
    expect({ code, err: err.replace(/routes of window.*\n/g, '') }).toEqual({ code: 0, err: '' });
    const summary = JSON.parse(out);
    expect(summary).toMatchObject({
      out: path('a.json'),
      windows: 20,
      tokens: 240,
      layers: [{ layer: 0, dropped: 0 }],
    });
    const atlas = parseAtlas(readFileSync(path('a.json'), 'utf8'), 'a.json');
    expect(atlas.seed).toBe(5);
    expect(atlas.domains.map(({ name }) => name)).toEqual(['number']);
    expect(atlas.byLayer[0].asked).toBe(2 * 240);
    expect(readdirSync(path('tables')).sort()).toContain('cube.csv');
    expect(readFileSync(path('tables', 'measures.csv'), 'utf8')).toMatch(
      /^measure,layer,expert,value,standard error\nload,0,0,0\.\d+,0\.\d+\n/,
    );
    expect((await routes('run', '--windows', '20', '--seed', '5', '--out', '@b.json')).out).toMatch(
      /^layer +routes +dropped.*\n.*\n.*20 windows, 240 tokens: Held-out windows of data\.corpus "sonnets"\. .* Atlas in .*b\.json\n$/s,
    );
    const again = parseAtlas(readFileSync(path('b.json'), 'utf8'), 'b.json');
    expect({ ...again, created: '' }).toEqual({ ...atlas, created: '' });
  });

  it('reads a file of text, without domains', async () => {
    writeFileSync(path('text.txt'), 'Shall I compare thee to a summer day '.repeat(20));
    const { code } = await routes('run', '--data', '@text.txt', '--windows', '6', '--out', '@c.json');
    expect(code).toBe(0);
    const atlas = parseAtlas(readFileSync(path('c.json'), 'utf8'), 'c.json');
    expect([atlas.domains, atlas.windows.masks.length]).toEqual([[], 6]);
    expect(atlas.notes).toContain('No domains: this text has no sections.');
  });

  it('refuses what it cannot do', async () => {
    expectRefusal(await routes('run'), '--out');
    expectRefusal(await routes('run', '--windows', '1', '--out', '@x.json'), '--windows');
    expectRefusal(await routes('run', '--windows', '4097', '--out', '@x.json'), '--windows');
    writeFileSync(path('odd.txt'), 'Ж'.repeat(400));
    expectRefusal(await routes('run', '--data', '@odd.txt', '--out', '@x.json'), path('odd.txt'));
    mkdirSync(path('dir'), { recursive: true });
    expectRefusal(await routes('run', '--windows', '2', '--out', '@dir/no/x.json'), `--out ${path('dir/no/x.json')}`);
    writeFileSync(path('file'), '');
    expectRefusal(
      await routes('run', '--windows', '2', '--out', '@y.json', '--csv', '@file/t'),
      /--csv .*\/file\/t: expected a directory that can be made/,
    );
    expect((await train('dense', 'dense', 1)).code).toBe(0);
    expectRefusal(await routes('dense', '--out', '@x.json'), `--run ${path('dense')}`);
  });
});

describe('eval --intervene', () => {
  const evaluate = (...more: string[]) =>
    sdlm(['eval', '--run', path('run'), '--windows', '8', '--rounds', '2', ...cpu, ...more]);

  it('tells the loss with and without, and the paired change', async () => {
    const args = ['--intervene', 'ablate:0.1', '--intervene', 'clamp:0.2=0.5'];
    const { code, out, err } = await evaluate(...args, '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const found = JSON.parse(out);
    expect(Object.keys(found)).toEqual(['interventions', 'without', 'with', 'difference']);
    expect(found.interventions).toEqual(['ablate:0.1', 'clamp:0.2=0.5']);
    expect(found.difference.value).toBeCloseTo(found.with.value - found.without.value, 10);
    expect(found.difference.value).not.toBe(0);
    expect((await evaluate(...args)).out).toMatch(
      /^without: \d\.\d{4} ± .*\nwith: {4}\d\.\d{4} ± .*\nchange: {2}[+-]\d\.\d{4} ± \d\.\d{4} \(paired: same windows, same masks\)\n$/,
    );
    const same = JSON.parse((await evaluate('--intervene', 'router:tokens,2,dropless', '--json')).out);
    expect(same.difference).toEqual({ value: 0, standardError: 0 });
  });

  it('refuses what does not fit the run', async () => {
    expectRefusal(await evaluate('--intervene', 'ablate:0'), '--intervene');
    expectRefusal(await evaluate('--intervene', 'ablate:3.0'), 'ablate:3.0');
    expectRefusal(await evaluate('--intervene', 'freeze'), 'freeze');
  });
});
