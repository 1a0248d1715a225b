/** `sdlm train --from`: going on from another run's weights, upcycling, and what is refused. */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { readCheckpoint } from '../../src/cli/runDirectory.ts';
import { decodeTensors } from '../../src/model/safetensors.ts';
import { encodeCheckpoint } from '../../src/model/weights.ts';
import { cpu, expectRefusal, jsonLines, place, tiny, trainer } from './run.ts';

const here = place();
const { sdlm, path } = here;
const { train } = trainer(here);
const from = (source: string, ...more: string[]) => sdlm(['train', '--from', path(source), ...cpu, ...more]);

beforeAll(async () => {
  const { code, err } = await train('dense', 'dense', 60, [...cpu, '--set', 'training.learningRate=0.01']);
  expect(code, err).toBe(0);
});

it('goes on from the weights, with a fresh optimizer', async () => {
  const { code, out, err } = await from('dense', '--steps', '3', '--set', 'training.learningRate=0.000001');
  expect(code, err).toBe(0);
  const [first] = jsonLines(out);
  const untrained = jsonLines((await train('dense', 'untrained', 1)).out)[0];
  expect(first.step).toBe(1);
  expect(first.loss).toBeLessThan((untrained.loss as number) - 0.5);
});

it('upcycles: every expert starts as the dense feed-forward', async () => {
  const sparse = ['--set', 'model.feedForward=token-choice', '--set', 'model.expertWidth=12'];
  const still = ['--set', 'training.learningRate=0.000001', '--steps', '1'];
  const { code, err } = await from('dense', ...sparse, ...still, '--out', path('sparse'));
  expect(code, err).toBe(0);
  const read = (run: string) => decodeTensors(readFileSync(path(run, 'model.safetensors')), run).tensors;
  const [before, after] = [read('dense'), read('sparse')];
  for (let expert = 0; expert < 4; expert++) {
    const was = before.get('model.layers.0.mlp.up_proj.weight')!.data;
    after.get(`model.layers.0.mlp.experts.${expert}.up_proj.weight`)!.data.forEach((value, i) => {
      expect(value).toBeCloseTo(was[i], 4);
    });
  }
  const tokenizerOf = (run: string) => readFileSync(path(run, 'tokenizer.json'), 'utf8');
  expect(tokenizerOf('sparse')).toBe(tokenizerOf('dense'));
  expectRefusal(await from('dense', ...sparse.slice(0, 2)), 'model.expertWidth');
});

it('takes a file that holds configuration and tokenizer, as the page exports it', async () => {
  writeFileSync(path('exported.safetensors'), encodeCheckpoint(readCheckpoint(path('dense')), 60));
  const { code, out, err } = await from('exported.safetensors', '--steps', '1');
  expect(code, err).toBe(0);
  expect(jsonLines(out)[0].loss).toBe(jsonLines((await from('dense', '--steps', '1')).out)[0].loss);
});

it('refuses what does not fit, in one sentence', async () => {
  expectRefusal(await from('nowhere'), path('nowhere', 'config.json'));
  expectRefusal(await from('dense', '--set', 'model.layers=2'), 'model.layers');
  expectRefusal(await from('dense', '--preset', 'dense'), 'model.layers');
  expectRefusal(await from('dense', '--set', 'data.tokenizer=byte'), 'data.tokenizer');
  writeFileSync(path('greek.txt'), 'ἄνδρα μοι ἔννεπε, μοῦσα, πολύτροπον '.repeat(20));
  expectRefusal(await from('dense', '--data', path('greek.txt')), /expected only the \d+ characters of the model's/);
  expectRefusal(await sdlm(['train', '--resume', path('dense'), '--from', path('dense')]), '--from');
  writeFileSync(path('bare.safetensors'), readFileSync(path('dense', 'model.safetensors')));
  expectRefusal(await from('bare.safetensors'), path('bare.safetensors'));
  expectRefusal(
    await sdlm(['train', '--from', path('dense'), '--preset', 'dense', ...tiny, ...cpu, '--set', 'model.heads=2']),
    'model.heads',
  );
});
