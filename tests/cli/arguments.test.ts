/** Wrong arguments: exit code 2 and one sentence that names the field. And the commands that need no model. */
import { describe, expect, it } from 'vitest';
import { folded } from '../../src/cli/output.ts';
import { cpu, expectRefusal, place } from './run.ts';

const { sdlm, path } = place();

describe('help', () => {
  it('lists every command', async () => {
    const { code, out, err } = await sdlm(['help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const command of ['adapter', 'train', 'eval', 'sample', 'forward', 'match', 'study', 'bench step'])
      expect(out).toMatch(new RegExp(`^ *${command}\\b`, 'm'));
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
    expect((await sdlm([])).out).toBe(out);
    expect((await sdlm(['--help'])).out).toBe(out);
    expect((await sdlm(['train', '--help'])).out).toContain('--preset');
  });

  it('fills lines to the width of the terminal, and keeps an option with its value', async () => {
    const whole = (await sdlm(['help'])).out.split('\n\n').map((text) => text.split(/\s+/).join(' '));
    const narrow = folded((await sdlm(['train', '--help'])).out, 60);
    expect(whole).toContain(narrow.split(/\s+/).join(' ').trim());
    const lines = folded('train --preset ID [--set path=value]... [--seed N]\n    one two three four five', 20).split(
      '\n',
    );
    expect(lines).toEqual([
      'train --preset ID',
      '      [--set path=value]...',
      '      [--seed N]',
      '    one two three',
      '    four five',
    ]);
  });
});

describe('adapter', () => {
  it('says as JSON what there is', async () => {
    const { code, out } = await sdlm(['adapter', '--json']);
    expect(code).toBe(0);
    const { adapter, whyNoGpu, stepsPerSecond, chosen } = JSON.parse(out);
    expect(Object.keys(adapter)).toEqual(['vendor', 'architecture', 'description', 'isSoftware', 'features']);
    expect(whyNoGpu).toBe(null);
    const { gpu, cpu } = stepsPerSecond;
    expect(cpu).toMatchObject({ kind: 'measured', stepsPerSecond: expect.any(Number) });
    expect(cpu.stepsPerSecond).toBeGreaterThan(0);
    // A software adapter on a busy machine may be given up.
    if (gpu.kind === 'unmeasured') expect({ why: gpu.why, chosen }).toEqual({ why: 'took too long', chosen: 'cpu' });
    else expect(chosen).toBe(gpu.stepsPerSecond > cpu.stepsPerSecond ? 'gpu' : 'cpu');
  }, 150_000);

  it('says why there is no adapter, and goes on with the CPU', async () => {
    const environment = { VK_ICD_FILENAMES: path('none.json'), VK_DRIVER_FILES: path('none.json') };
    const { code, out } = await sdlm(['adapter', '--json'], { environment });
    expect(code).toBe(0);
    const { adapter, whyNoGpu, stepsPerSecond, chosen } = JSON.parse(out);
    expect({ adapter, chosen, gpu: stepsPerSecond.gpu }).toEqual({ adapter: null, chosen: 'cpu', gpu: undefined });
    expect(whyNoGpu).toMatch(/expected .+, got .+/);
    // Dawn may add warnings of its own before the sentence.
    const train = await sdlm(['train', '--preset', 'dense', '--backend', 'gpu'], { environment });
    expect({ code: train.code, out: train.out }).toEqual({ code: 2, out: '' });
    expect(train.err.trimEnd().split('\n').at(-1)).toBe(`sdlm: --backend gpu: ${whyNoGpu}`);
  });
});

describe('bench step', () => {
  it('refuses a workload larger than memory, before it allocates anything', async () => {
    const huge = ['feedForward=expert-choice', 'layers=16', 'width=1024', 'heads=8', 'experts=64', 'expertWidth=8192'];
    const settings = huge.flatMap((setting) => ['--set', `model.${setting}`]);
    expectRefusal(
      await sdlm(['bench', 'step', '--workload', 'W1', ...settings, ...cpu]),
      /^sdlm: bench step: expected .* bytes of memory, got W1 with/,
    );
  });

  it('prints time, dispatches and memory', async () => {
    const { code, out } = await sdlm(['bench', 'step', '--json', '--workload', 'W0', '--steps', '2', ...cpu]);
    expect(code).toBe(0);
    const { timings } = JSON.parse(out);
    expect(timings).toHaveLength(1);
    const [timing] = timings;
    expect(timing).toMatchObject({ workload: 'W0', backend: 'cpu', adapter: 'CPU twins', submitsPerStep: 0 });
    for (const key of [
      'milliseconds',
      'fastestMilliseconds',
      'firstMilliseconds',
      'gflops',
      'parameters',
      'dispatchesPerStep',
      'predictedMemoryBytes',
      'measuredPeakMemoryBytes',
    ])
      expect(timing[key], key).toBeGreaterThan(0);
    expect(timing.fastestMilliseconds).toBeLessThanOrEqual(timing.milliseconds);
  });
});

describe('a wrong argument', () => {
  const train = ['train', '--preset', 'dense'];
  const set = (setting: string) => [...train, '--set', setting];
  const cases: [string, string[], string | RegExp][] = [
    ['command', ['fly'], 'command'],
    ['option', [...train, '--speed', '3'], '--speed'],
    ['stray word', [...train, 'quickly'], /got "quickly"/],
    ['option without its value', ['train', '--preset'], '--preset'],
    ['empty value', ['train', '--resume', ''], '--resume'],
    ['preset', ['train', '--preset', 'huge'], 'preset'],
    ['setting', set('model.depth=3'), 'model.depth'],
    ['group', set('modal.layers=3'), 'modal.layers'],
    ['setting without value', set('model.layers'), '--set'],
    ['number out of range', set('model.layers=99'), 'model.layers'],
    ['number that is none', set('training.learningRate=fast'), 'training.learningRate'],
    ['empty number', set('training.steps='), 'training.steps'],
    ['fraction', [...train, '--steps', '2.5'], 'training.steps'],
    ['steps', [...train, '--steps', '0'], 'training.steps'],
    ['seed', [...train, '--seed', '-1'], 'training.seed'],
    ['choice', set('data.corpus=bible'), 'data.corpus'],
    ['flag', set('model.qkNorm=maybe'), 'model.qkNorm'],
    ['contradiction', set('model.heads=3'), 'model.heads'],
    ['more choices than experts', ['train', '--preset', 'token-choice', '--set', 'model.choices=9'], 'model.choices'],
    ['backend', [...train, '--backend', 'tpu'], '--backend'],
    ['own text that is not given', set('data.corpus=custom'), /--data|data\.corpus/],
    ['two texts', [...set('data.corpus=sotu'), '--data', 'x.txt'], '--data'],
    ['setting of a run that goes on', ['train', '--resume', 'x', '--preset', 'dense'], '--preset'],
    ['missing run', ['eval'], '--run'],
    ['workload', ['bench', 'step', '--workload', 'W9'], '--workload'],
    ['benchmark', ['bench', 'speed'], 'bench'],
    ['number of bench steps', ['bench', 'step', '--steps', 'many'], '--steps'],
  ];
  it.each(cases)('is refused: %s', async (_, args, about) => {
    expectRefusal(await sdlm(args), about);
  });
});
